"""Rows of entities: find one, insert one under a free slug, give one a new version."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from sqlalchemy import RowMapping, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert

from shared import ids, outbox, search, slugs
from shared.db import entity_slugs
from shared.db.engine import Transaction
from shared.db.tables import entities, tmdb_snapshots
from shared.entities import Details, EntityKind, Facts, PersonDetails
from shared.events import EntityChanged


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


async def insert_entity(tx: Transaction, facts: Facts) -> StoredEntity:
    """Insert under the first free slug; another transaction may have inserted the same entity meanwhile."""
    for free in entity_slugs.candidates(facts):
        row = insert(entities).values(
            id=ids.row_id(), kind=facts.kind, slug=free, tmdb_id=facts.tmdb_id, **columns(facts)
        )
        inserted = (await tx.execute(row.on_conflict_do_nothing().returning(entities.c.id))).scalar()
        if inserted is not None:
            former = await entity_slugs.is_former(tx, facts.kind, free, but=inserted)
            slug = await entity_slugs.give(tx, inserted, facts) if former else free
            if slug != slugs.slugify(facts.title):
                await touch_namesake(tx, facts.kind, facts.title, but=inserted)
            return StoredEntity(inserted, facts.kind, slug, 1, None, facts.tmdb_id, complete=True, created=True)
        stored = await find_entity(tx, facts.kind, facts.tmdb_id)
        if stored is not None:
            return stored
    raise entity_slugs.no_free_slug(facts)


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
        await tell_changed(tx, row, row["slug"])


async def tell_changed(tx: Transaction, entity: RowMapping, slug: str) -> None:
    """Announce the version of a changed entity, from its columns id, kind, version and updated_at, to whoever keeps it under `slug`."""
    await outbox.add(
        tx,
        EntityChanged(
            event_id=ids.row_id(),
            occurred_at=entity["updated_at"],
            entity_kind=EntityKind(entity["kind"]),
            entity_id=entity["id"],
            slug=slug,
            entity_version=entity["version"],
        ),
    )


async def touch_namesake(tx: Transaction, kind: EntityKind, title: str, *, but: UUID) -> None:
    """Give the entity whose own slug is the bare `title` a new version: its answer names who else is called so."""
    title_slug = slugs.slugify(title)
    named = select(entities.c.id).where(entities.c.kind == kind, entities.c.slug == title_slug, entities.c.id != but)
    if (namesake := await tx.scalar(named)) is not None:
        await touch(tx, [namesake])


def columns(facts: Facts) -> dict[str, Any]:
    return {
        "title": facts.title,
        "original_title": facts.original_title,
        "titles": storable(facts.titles),
        "title_slug": slugs.slugify(facts.title),
        "year": facts.year,
        "genres": list(facts.genres),
        "details": storable(facts.details.model_dump(mode="json")),
        "popularity": facts.popularity,
        "collection_tmdb_id": facts.collection.tmdb_id if facts.collection else None,
        "collection_name": facts.collection.name if facts.collection else None,
        "recommended": list(facts.recommended),
        **search_columns(
            facts.kind, (facts.title, facts.original_title, *facts.titles.values()), facts.genres, facts.details
        ),
    }


def search_columns(
    kind: EntityKind, names: Iterable[str | None], genres: Iterable[str], details: Details
) -> dict[str, Any]:
    """What search compares of an entity's own facts."""
    place = details.birthplace if isinstance(details, PersonDetails) else None
    return {
        "search_title": search.document(*names),
        "search_place": storable(slugs.fold(place)) if place else None,
        "search_tags": search.tags(kind, genres),
    }


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


_STORED = select(
    entities.c.id,
    entities.c.kind,
    entities.c.slug,
    entities.c.version,
    entities.c.default_text_id,
    entities.c.tmdb_id,
    exists().where(tmdb_snapshots.c.entity_id == entities.c.id).label("complete"),
)
