"""Entities, snapshots and credits as the catalogue states them: created once, refreshed in place.

A title brings its people along as entities of their own, because their existence is proven by its credits; such a person has no snapshot
and no birth facts until it is asked for. Whoever's answers change gets a new version, and an event that invalidates them.
"""

from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from shared.db import entity_slugs
from shared.db.credits import write_credits
from shared.db.engine import Transaction
from shared.db.entity_rows import (
    StoredEntity,
    columns,
    find_entity,
    insert_entity,
    storable,
    tell_changed,
    touch,
    touch_namesake,
)
from shared.db.search_rows import index_documents, index_words
from shared.db.tables import credits_, entities, tmdb_snapshots
from shared.entities import EntityKind, Facts

_TMDB_TYPE = {
    EntityKind.MOVIE: "movie",
    EntityKind.PERSON: "person",
    EntityKind.TV_SERIES: "tv",
    EntityKind.TV_SHOW: "tv",
}


async def create_entity(tx: Transaction, facts: Facts) -> StoredEntity:
    """The entity of `facts`, created with snapshot and credits unless it is stored; one known from credits only is completed."""
    stored = await find_entity(tx, facts.kind, facts.tmdb_id)
    if stored is None:
        stored = await insert_entity(tx, facts)
        if stored.created:
            await _write_snapshot(tx, stored.id, facts)
            await write_credits(tx, stored.id, facts)
            await index_documents(tx, [stored.id])
            await index_words(tx, [stored.id])
    if stored.complete:
        return stored
    await update_facts(tx, stored.id, facts)
    completed = await find_entity(tx, facts.kind, facts.tmdb_id)
    if completed is None:
        raise AssertionError("the row is locked")
    return completed


async def update_facts(tx: Transaction, entity_id: UUID, facts: Facts) -> int:
    """Bring a stored entity's facts, snapshot and credits up to date. Returns the version that shows them.

    A slug that spells another title or year than the facts do moves, and the former one leads to the entity. Who shows differently
    elsewhere, a renamed person in their titles or a retitled film with its people, gives those a new version.
    """
    shown = select(entities.c.slug, entities.c.title, entities.c.search_title).where(entities.c.id == entity_id)
    before = (await tx.execute(shown.with_for_update())).one()
    now = columns(facts)
    changed = await tx.execute(
        update(entities)
        .where(entities.c.id == entity_id)
        .values(**now, version=entities.c.version + 1, updated_at=func.now(), stale_since=None)
        .returning(entities.c.id, entities.c.kind, entities.c.version, entities.c.updated_at)
    )
    entity = changed.mappings().one()
    if moved := entity_slugs.is_wrong(before.slug, facts):
        await entity_slugs.move(tx, entity_id, facts, before.slug)
        await tell_changed(tx, entity, before.slug)
    await _write_snapshot(tx, entity_id, facts)
    await write_credits(tx, entity_id, facts)
    if moved or (before.title, before.search_title) != (now["title"], now["search_title"]):
        of_person = select(credits_.c.title_id).where(credits_.c.person_id == entity_id)
        of_title = select(credits_.c.person_id).where(credits_.c.title_id == entity_id)
        others = (await tx.execute(of_person.union(of_title))).scalars().all()
        shown_anew = moved or before.title != facts.title
        if shown_anew:
            await touch(tx, others)
            await touch_namesake(tx, facts.kind, facts.title, but=entity_id)
        await index_documents(tx, others, locked=shown_anew)
    await index_documents(tx, [entity_id])
    await index_words(tx, [entity_id])
    return int(entity["version"])


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
