"""Entities, snapshots and credits as the catalogue states them: created once, refreshed in place.

A title brings its people along as entities of their own, because their existence is proven by its credits; such a person has no snapshot
and no birth facts until it is asked for. Whoever's answers change gets a new version, and an event that invalidates them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast
from uuid import UUID

from sqlalchemy import RowMapping, and_, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from shared import ids, outbox, slugs
from shared.db.engine import Transaction
from shared.db.tables import credits_, entities, slug_aliases, tmdb_snapshots
from shared.entities import CreditFact, EntityKind, Facts, PersonDetails, Role, type_of_details
from shared.errors import Permanent
from shared.events import EntityChanged
from shared.jobs import Failure, FailureType

SLUG_CANDIDATES = 60
_TMDB_TYPE = {
    EntityKind.MOVIE: "movie",
    EntityKind.PERSON: "person",
    EntityKind.TV_SERIES: "tv",
    EntityKind.TV_SHOW: "tv",
}


@dataclass(frozen=True, slots=True)
class StoredEntity:
    """An entity right after it was read or written. `complete` is False for a person known from credits only."""

    id: UUID
    kind: EntityKind
    slug: str
    version: int
    default_text_id: UUID | None
    tmdb_id: int | None
    complete: bool
    created: bool = False


async def create_entity(tx: Transaction, facts: Facts) -> StoredEntity:
    """The entity of `facts`, created with snapshot and credits unless it is stored; one known from credits only is completed."""
    stored = await find_entity(tx, facts.kind, facts.tmdb_id)
    if stored is None:
        stored = await _insert(tx, facts)
        if stored.created:
            await _write_snapshot(tx, stored.id, facts)
            await _write_credits(tx, stored.id, facts)
    if stored.complete:
        return stored
    version = await update_facts(tx, stored.id, facts)
    return StoredEntity(
        stored.id, stored.kind, stored.slug, version, stored.default_text_id, stored.tmdb_id, complete=True
    )


async def find_entity(tx: Transaction, kind: EntityKind, tmdb_id: int) -> StoredEntity | None:
    """The stored entity with this catalogue id, locked until the transaction ends."""
    row = (
        (
            await tx.execute(
                _STORED.where(entities.c.kind == kind, entities.c.tmdb_id == tmdb_id).with_for_update(of=entities)
            )
        )
        .mappings()
        .first()
    )
    return None if row is None else stored_entity(row)


async def update_facts(tx: Transaction, entity_id: UUID, facts: Facts) -> int:
    """Bring a stored entity's facts, snapshot and credits up to date; its slug stays. Returns the version that shows them.

    Who shows differently elsewhere, a renamed person in their titles or a retitled film with its people, gives those a new version.
    """
    before = await tx.scalar(select(entities.c.title).where(entities.c.id == entity_id).with_for_update())
    version = await tx.scalar(
        update(entities)
        .where(entities.c.id == entity_id)
        .values(**_columns(facts), version=entities.c.version + 1, updated_at=func.now(), stale_since=None)
        .returning(entities.c.version)
    )
    await _write_snapshot(tx, entity_id, facts)
    await _write_credits(tx, entity_id, facts)
    if before != facts.title:
        of_person = select(credits_.c.title_id).where(credits_.c.person_id == entity_id)
        of_title = select(credits_.c.person_id).where(credits_.c.title_id == entity_id)
        await touch(tx, (await tx.execute(of_person.union(of_title))).scalars().all())
    return int(version)


async def touch(tx: Transaction, entity_ids: Iterable[UUID]) -> None:
    """Give entities whose answers changed a new version, and tell the cache."""
    chosen = (
        select(entities.c.id)
        .where(entities.c.id.in_(sorted(set(entity_ids))))
        .order_by(entities.c.id)
        .with_for_update()
        .cte("chosen")
    )
    rows = await tx.execute(
        update(entities)
        .where(entities.c.id == chosen.c.id)
        .values(version=entities.c.version + 1, updated_at=func.now())
        .returning(entities.c.id, entities.c.kind, entities.c.slug, entities.c.version, entities.c.updated_at)
    )
    for row in rows.mappings().all():
        await outbox.add(
            tx,
            EntityChanged(
                event_id=ids.row_id(),
                occurred_at=row["updated_at"],
                entity_kind=EntityKind(row["kind"]),
                entity_id=row["id"],
                slug=row["slug"],
                entity_version=row["version"],
            ),
        )


def stored_entity(row: RowMapping) -> StoredEntity:
    return StoredEntity(
        id=row["id"],
        kind=EntityKind(row["kind"]),
        slug=row["slug"],
        version=row["version"],
        default_text_id=row["default_text_id"],
        tmdb_id=row["tmdb_id"],
        complete=row["complete"],
    )


async def read_facts(tx: Transaction, entity_id: UUID) -> Facts | None:
    """The stored facts of an entity, credits included; None when it is not stored or has no catalogue id."""
    row = (await tx.execute(select(entities).where(entities.c.id == entity_id))).mappings().first()
    if row is None or row["tmdb_id"] is None:
        return None
    kind = EntityKind(row["kind"])
    people = entities.alias()
    named = await tx.execute(
        select(credits_, people.c.title.label("name"), people.c.tmdb_id)
        .join(people, people.c.id == credits_.c.person_id)
        .where(credits_.c.title_id == entity_id, people.c.tmdb_id.is_not(None))
        .order_by(credits_.c.billing_order.nulls_last(), credits_.c.role, people.c.title)
    )
    return Facts(
        kind=kind,
        tmdb_id=row["tmdb_id"],
        title=row["title"],
        original_title=row["original_title"],
        year=row["year"],
        genres=tuple(row["genres"]),
        details=type_of_details[kind].model_validate(row["details"]),
        titles=row["titles"],
        credits=tuple(
            CreditFact(
                tmdb_id=credit["tmdb_id"],
                name=credit["name"],
                role=Role(credit["role"]),
                character=credit["character_name"],
                job=credit["job"],
                billing_order=credit["billing_order"],
            )
            for credit in named.mappings().all()
        ),
    )


async def _insert(tx: Transaction, facts: Facts) -> StoredEntity:
    """Insert under the first free slug; another transaction may have inserted the same entity meanwhile."""
    for slug in islice(slugs.candidates(facts), SLUG_CANDIDATES):
        taken = exists().where(slug_aliases.c.kind == facts.kind, slug_aliases.c.slug == slug)
        if await tx.scalar(select(taken)):
            continue
        row = insert(entities).values(
            id=ids.row_id(), kind=facts.kind, slug=slug, tmdb_id=facts.tmdb_id, **_columns(facts)
        )
        inserted = (await tx.execute(row.on_conflict_do_nothing().returning(entities.c.id))).scalar()
        if inserted is not None:
            return StoredEntity(inserted, facts.kind, slug, 1, None, facts.tmdb_id, complete=True, created=True)
        stored = await find_entity(tx, facts.kind, facts.tmdb_id)
        if stored is not None:
            return stored
    raise Permanent(
        Failure(type=FailureType.UNKNOWN_ERROR, technical_message=f"no free slug for {facts.title[:100]!r}")
    )


def _columns(facts: Facts) -> dict[str, Any]:
    return {
        "title": facts.title,
        "original_title": facts.original_title,
        "titles": storable(facts.titles),
        "title_slug": slugs.slugify(facts.title),
        "year": facts.year,
        "genres": list(facts.genres),
        "details": storable(facts.details.model_dump(mode="json")),
    }


async def _write_snapshot(tx: Transaction, entity_id: UUID, facts: Facts) -> None:
    row = insert(tmdb_snapshots).values(
        entity_id=entity_id,
        tmdb_id=facts.tmdb_id,
        tmdb_type=_TMDB_TYPE[facts.kind],
        raw_data=storable(facts.raw),
        fetched_at=func.now(),
    )
    await tx.execute(
        row.on_conflict_do_update(
            index_elements=[tmdb_snapshots.c.entity_id],
            set_={"raw_data": row.excluded.raw_data, "fetched_at": row.excluded.fetched_at},
            where=tmdb_snapshots.c.fetched_at <= row.excluded.fetched_at,
        )
    )


def storable(value: Any) -> Any:
    """`value` without what jsonb refuses: NUL characters and lone surrogates."""
    match value:
        case str():
            return value.replace("\x00", "").encode("utf-8", "replace").decode()
        case list():
            return [storable(item) for item in cast("list[Any]", value)]
        case dict():
            return {storable(name): storable(item) for name, item in cast("dict[str, Any]", value).items()}
        case Mapping():
            return storable(dict(cast("Mapping[str, Any]", value)))
        case _:
            return value


async def _write_credits(tx: Transaction, entity_id: UUID, facts: Facts) -> None:
    if facts.kind is EntityKind.PERSON:
        await _link_filmography(tx, entity_id, facts)
    else:
        await _replace_credits(tx, entity_id, facts.credits)


async def _replace_credits(tx: Transaction, title_id: UUID, stated: Sequence[CreditFact]) -> None:
    names = {credit.tmdb_id: credit.name for credit in stated}
    known = await _known_people(tx, names)
    created = await _create_people(tx, {key: names[key] for key in names.keys() - known.keys()})
    people = {**known, **created}
    new = {
        (people[credit.tmdb_id], credit.role.value): {
            "title_id": title_id,
            "person_id": people[credit.tmdb_id],
            "role": credit.role.value,
            "character_name": credit.character,
            "job": credit.job,
            "billing_order": credit.billing_order,
        }
        for credit in reversed(stated)
    }
    rows = (await tx.execute(select(credits_).where(credits_.c.title_id == title_id))).mappings().all()
    old = {(row["person_id"], row["role"]): dict(row) for row in rows}
    if new == old:
        return
    await tx.execute(delete(credits_).where(credits_.c.title_id == title_id))
    if new:
        await tx.execute(insert(credits_), list(new.values()))
    changed = {person for person, _ in old.keys() ^ new.keys()}
    changed |= {key[0] for key in old.keys() & new.keys() if old[key] != new[key]}
    await touch(tx, changed - set(created.values()))


async def _create_people(tx: Transaction, names: Mapping[int, str]) -> dict[int, UUID]:
    """Entities for people who are not stored yet, in a fixed order so that two titles cannot deadlock."""
    created: dict[int, UUID] = {}
    for tmdb_id in sorted(names):
        person = Facts(kind=EntityKind.PERSON, tmdb_id=tmdb_id, title=names[tmdb_id], details=PersonDetails())
        created[tmdb_id] = (await _insert(tx, person)).id
    return created


async def _known_people(tx: Transaction, names: Mapping[int, str]) -> dict[int, UUID]:
    known = select(entities.c.tmdb_id, entities.c.id).where(
        entities.c.kind == EntityKind.PERSON, entities.c.tmdb_id.in_(names)
    )
    return {row.tmdb_id: row.id for row in (await tx.execute(known)).all()}


async def _link_filmography(tx: Transaction, person_id: UUID, facts: Facts) -> None:
    """Credit the person in those of their titles that are stored; a title's own credits have the last word on what it shows."""
    wanted = {(credit.kind.value, credit.tmdb_id) for credit in facts.filmography}
    if not wanted:
        return
    kinds = {kind for kind, _ in wanted}
    matches = or_(
        *(
            and_(
                entities.c.kind == kind, entities.c.tmdb_id.in_([tmdb_id for other, tmdb_id in wanted if other == kind])
            )
            for kind in kinds
        )
    )
    stored = {
        (row.kind, row.tmdb_id): row.id
        for row in (await tx.execute(select(entities.c.kind, entities.c.tmdb_id, entities.c.id).where(matches))).all()
    }
    rows = [
        {
            "title_id": stored[credit.kind.value, credit.tmdb_id],
            "person_id": person_id,
            "role": credit.role.value,
            "character_name": credit.character,
            "job": credit.job,
            "billing_order": credit.billing_order,
        }
        for credit in facts.filmography
        if (credit.kind.value, credit.tmdb_id) in stored
    ]
    if rows:
        linked = await tx.execute(insert(credits_).values(rows).on_conflict_do_nothing().returning(credits_.c.title_id))
        await touch(tx, linked.scalars().all())


_STORED = select(
    entities.c.id,
    entities.c.kind,
    entities.c.slug,
    entities.c.version,
    entities.c.default_text_id,
    entities.c.tmdb_id,
    exists().where(tmdb_snapshots.c.entity_id == entities.c.id).label("complete"),
)
