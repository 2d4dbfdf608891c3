"""Stored entities, read: what a slug names, one entity, a page of many."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    RowMapping,
    Select,
    Text,
    exists,
    func,
    literal,
    select,
    text,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from gateway.ports import EntityRef
from gateway.read_ports import Choice, Credit, Entity, Naming, Page, Selection, Spelling, StoredText
from shared import slugs
from shared.batching import Batches
from shared.clock import Clock
from shared.db.engine import Database
from shared.db.tables import credits_, entities, texts, tmdb_snapshots
from shared.entities import KINDS, MAX_CREDITS, EntityKind, type_of_details

MAX_CHOICES = 25
_BIRTH_DATE = sql_cast(entities.c.details["birth_date"].astext, Date)
_SPELLINGS: tuple[Spelling, ...] = (Spelling.CANONICAL, Spelling.FORMER, Spelling.OTHER, Spelling.OTHER)


class PostgresEntities:
    """Implements `Entities` and `EntityIndex`. Raises Unavailable("postgres").

    `load` and `page` are one statement each, so that an answer, its texts, its credits and its version are of one snapshot.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._resolved = Batches(self._resolve, limit=64)

    async def named(self, kind: EntityKind, slug: str) -> Naming | None:
        found = await self._best([(kind, slug)], MAX_CHOICES)
        rows = [row for row in found if row["rank"] == found[0]["rank"]]
        if not rows:
            return None
        return Naming(
            _SPELLINGS[int(rows[0]["rank"])],
            tuple(Choice(row["id"], row["slug"], row["title"], row["year"], row["birth_date"]) for row in rows),
        )

    async def resolve(self, kind: EntityKind, slug: str) -> EntityRef | None:
        return await self._resolved((kind, slug))

    async def by_id(self, kind: EntityKind, entity_id: UUID) -> EntityRef | None:
        found = await self._database.read(select(entities).where(entities.c.id == entity_id, entities.c.kind == kind))
        row = found.mappings().first()
        return None if row is None else _ref(row)

    async def by_tmdb_id(self, kind: EntityKind, tmdb_id: int) -> UUID | None:
        found = await self._database.read(
            select(entities.c.id).where(entities.c.kind == kind, entities.c.tmdb_id == tmdb_id)
        )
        return found.scalar()

    async def load(self, kind: EntityKind, entity_id: UUID) -> Entity | None:
        found = await self._database.read(_whole(kind).where(entities.c.id == entity_id, entities.c.kind == kind))
        row = found.mappings().first()
        return None if row is None else _entity(row)

    async def page(self, kind: EntityKind, selection: Selection) -> Page:
        where = _filters(kind, selection)
        column = {"title": entities.c.title_slug}.get(selection.sort, entities.c[selection.sort])
        order = (
            (column.desc() if selection.descending else column.asc()).nulls_last(),
            entities.c.id.desc() if selection.descending else entities.c.id.asc(),
        )
        chosen = (
            select(entities.c.id, func.row_number().over(order_by=order).label("place"))
            .where(*where)
            .order_by(*order)
            .limit(selection.per_page)
            .offset(literal((selection.page - 1) * selection.per_page, BigInteger))
            .cte("chosen")
        )
        shown = _whole(kind).add_columns(chosen.c.place).join(chosen, chosen.c.id == entities.c.id).subquery("shown")
        counted = select(func.count().label("total")).select_from(entities).where(*where).subquery("counted")
        joined = select(counted, shown).select_from(counted.outerjoin(shown, literal(value=True)))
        rows = (await self._database.read(joined.order_by(shown.c.place))).mappings().all()
        return Page(tuple(_entity(row) for row in rows if row["id"] is not None), rows[0]["total"])

    async def has_snapshot(self, entity_id: UUID) -> bool:
        found = await self._database.read(select(exists().where(tmdb_snapshots.c.entity_id == entity_id)))
        return bool(found.scalar())

    async def _resolve(self, wanted: Sequence[tuple[EntityKind, str]]) -> list[EntityRef | None]:
        distinct = list(dict.fromkeys(wanted))
        found: dict[tuple[EntityKind, str], EntityRef] = {
            distinct[row["n"] - 1]: _ref(row) for row in await self._best(distinct, 1)
        }
        return [found.get(one) for one in wanted]

    async def _best(self, wanted: Sequence[tuple[EntityKind, str]], limit: int) -> Sequence[RowMapping]:
        """For each, as `n` from 1, the rows that fit best, newest first; see `_NAMED`."""
        this_year = self._clock.now().year
        parsed = [slugs.parse(kind, slug, this_year) for kind, slug in wanted]
        given = {
            "kinds": [str(kind) for kind, _ in wanted],
            "slugs": [slug for _, slug in wanted],
            "titles": [one.title_part for one in parsed],
            "years": [one.year if one.tail is None else None for one in parsed],
            "choices": limit,
        }
        return (await self._database.read(_NAMED, given)).mappings().all()


_NAMED = text(
    """
    SELECT wanted.n, best.*
    FROM unnest(CAST(:kinds AS text[]), CAST(:slugs AS text[]), CAST(:titles AS text[]), CAST(:years AS integer[]))
        WITH ORDINALITY AS wanted (kind, slug, title, year, n)
    CROSS JOIN LATERAL (
        SELECT ways.rank, e.id, e.kind, e.slug, e.title, e.year, CAST(e.details ->> 'birth_date' AS date) AS birth_date,
            e.default_text_id, e.version, e.tmdb_id
        FROM (
            SELECT 0 AS rank, id FROM entities WHERE kind = wanted.kind AND slug = wanted.slug
            UNION ALL
            SELECT 1, entity_id FROM slug_aliases WHERE kind = wanted.kind AND slug = wanted.slug
            UNION ALL
            SELECT 2, id FROM entities WHERE kind = wanted.kind AND title_slug = wanted.title AND year = wanted.year
            UNION ALL
            SELECT 3, id FROM entities WHERE kind = wanted.kind AND title_slug = wanted.slug
        ) AS ways
        JOIN entities AS e ON e.id = ways.id
        ORDER BY ways.rank, e.year DESC NULLS LAST, e.created_at DESC, e.id DESC
        LIMIT :choices
    ) AS best
    """
)
"""By canonical slug, else former slug, else title and year, else title alone; of equal ways the newest first."""


def _filters(kind: EntityKind, selection: Selection) -> list[ColumnElement[bool]]:
    where = [entities.c.kind == kind]
    if selection.title is not None:
        where.append(entities.c.title_slug.contains(selection.title, autoescape=True))
    if selection.year_from is not None:
        where.append(entities.c.year >= selection.year_from)
    if selection.year_to is not None:
        where.append(entities.c.year <= selection.year_to)
    for genre in selection.genres:
        name = func.unnest(entities.c.genres).column_valued("genre")
        words = func.regexp_replace(func.lower(func.replace(name, "&", " and ")), "[^a-z0-9]+", "-", "g")
        where.append(exists(select(name).where(func.btrim(words, "-") == genre)))
    return where


def _whole(kind: EntityKind) -> Select[*tuple[Any, ...]]:
    return select(entities, _texts(kind).label("texts"), _credits(kind).label("credits"))


def _texts(kind: EntityKind) -> ColumnElement[Any]:
    shown = ("id", "locale", "context_tag", "origin", "ai_model", "version", "text", "created_at", "updated_at")
    members = [part for name in shown for part in (literal(name), texts.c[name])]
    return (
        _array(
            func.jsonb_agg(
                aggregate_order_by(func.jsonb_build_object(*members), texts.c.locale, texts.c.context_tag, texts.c.id)
            )
        )
        .where(texts.c.entity_id == entities.c.id, texts.c.form == KINDS[kind].form, texts.c.archived_at.is_(None))
        .correlate(entities)
        .scalar_subquery()
    )


def _credits(kind: EntityKind) -> ColumnElement[Any]:
    """Of a title its people, of a person their movies."""
    other = entities.alias("other")
    first = credits_.c.billing_order.asc().nulls_last()
    if kind is EntityKind.PERSON:
        here, there = credits_.c.person_id, credits_.c.title_id
        where = [other.c.kind == EntityKind.MOVIE]
        order = (first, other.c.year.desc().nulls_last(), other.c.title, other.c.id, credits_.c.role)
    else:
        here, there = credits_.c.title_id, credits_.c.person_id
        where = []
        order = (first, credits_.c.role, other.c.title, other.c.id)
    credit = (
        select(
            other.c.id,
            other.c.kind,
            other.c.slug,
            other.c.title,
            credits_.c.role,
            credits_.c.character_name,
            credits_.c.job,
            credits_.c.billing_order,
            func.row_number().over(order_by=order).label("place"),
        )
        .join_from(credits_, other, other.c.id == there)
        .where(here == entities.c.id, *where)
        .order_by(*order)
        .limit(MAX_CREDITS)
        .correlate(entities)
        .subquery("credit")
    )
    members = [part for column in credit.c for part in (literal(column.name, Text), column)]
    return _array(
        func.jsonb_agg(aggregate_order_by(func.jsonb_build_object(*members), credit.c.place))
    ).scalar_subquery()


def _array(aggregate: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    return select(func.coalesce(aggregate, sql_cast(literal("[]"), JSONB), type_=JSONB))


def _ref(row: RowMapping) -> EntityRef:
    return EntityRef(
        row["id"], EntityKind(row["kind"]), row["slug"], row["default_text_id"], row["version"], row["tmdb_id"]
    )


def _entity(row: RowMapping) -> Entity:
    kind = EntityKind(row["kind"])
    return Entity(
        id=row["id"],
        kind=kind,
        slug=row["slug"],
        title=row["title"],
        titles=cast("Mapping[str, str]", row["titles"]),
        year=row["year"],
        genres=tuple(row["genres"]),
        details=type_of_details[kind].model_validate(row["details"]),
        default_text_id=row["default_text_id"],
        tmdb_id=row["tmdb_id"],
        version=row["version"],
        stale_since=row["stale_since"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        texts=tuple(map(_text, row["texts"])),
        credits=tuple(map(_credit, row["credits"])),
    )


def _text(item: Mapping[str, Any]) -> StoredText:
    return StoredText(
        id=UUID(item["id"]),
        locale=item["locale"],
        context_tag=item["context_tag"],
        origin=item["origin"],
        ai_model=item["ai_model"],
        version=item["version"],
        text=item["text"],
        created_at=datetime.fromisoformat(item["created_at"]),
        updated_at=datetime.fromisoformat(item["updated_at"]),
    )


def _credit(item: Mapping[str, Any]) -> Credit:
    return Credit(
        id=UUID(item["id"]),
        kind=EntityKind(item["kind"]),
        slug=item["slug"],
        title=item["title"],
        role=item["role"],
        character_name=item["character_name"],
        job=item["job"],
        billing_order=item["billing_order"],
    )
