"""Who did what in which title, as the catalogue states it. Whoever's answers change by it gets a new version."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.dialects.postgresql import insert

from shared.db.engine import Transaction
from shared.db.entity_rows import insert_entity, touch
from shared.db.search_rows import index_documents
from shared.db.tables import credits_, entities
from shared.entities import CreditFact, EntityKind, Facts, PersonDetails


async def write_credits(tx: Transaction, entity_id: UUID, facts: Facts) -> None:
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
    await index_documents(tx, changed)


async def _create_people(tx: Transaction, names: Mapping[int, str]) -> dict[int, UUID]:
    """Entities for people who are not stored yet, in a fixed order so that two titles cannot deadlock."""
    created: dict[int, UUID] = {}
    for tmdb_id in sorted(names):
        person = Facts(kind=EntityKind.PERSON, tmdb_id=tmdb_id, title=names[tmdb_id], details=PersonDetails())
        created[tmdb_id] = (await insert_entity(tx, person)).id
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
        titles = linked.scalars().all()
        await touch(tx, titles)
        await index_documents(tx, titles)
