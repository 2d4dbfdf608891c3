"""The slugs of stored entities: given once, moved only when they have become wrong, and never lost.

A slug that an entity had leads to it for good. It is given to no other entity, whatever moves at the same moment.
"""

from itertools import islice
from uuid import UUID

from sqlalchemy import exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from shared import slugs
from shared.db.engine import Transaction
from shared.db.tables import entities, slug_aliases
from shared.entities import EntityKind, Facts
from shared.errors import Permanent
from shared.jobs import Failure, FailureType

SLUG_CANDIDATES = 60


def candidates(facts: Facts) -> list[str]:
    """The slugs that an entity of `facts` can have, best first."""
    return list(islice(slugs.candidates(facts), SLUG_CANDIDATES))


def is_wrong(slug: str, facts: Facts) -> bool:
    """Whether `slug` spells a title or year that is no longer the entity's. That a year is unknown now makes none wrong."""
    return facts.year is not None and slug not in candidates(facts)


async def is_former(tx: Transaction, kind: EntityKind, slug: str, *, but: UUID) -> bool:
    """Whether `slug` leads to an entity other than `but` that had it once.

    Asked after the slug is taken: taking it waits for a transaction that moves its owner away, and only then shows what that left behind.
    """
    left = exists().where(
        slug_aliases.c.kind == kind, slug_aliases.c.slug == slug, slug_aliases.c.entity_id.is_distinct_from(but)
    )
    return bool(await tx.scalar(select(left)))


async def give(tx: Transaction, entity_id: UUID, facts: Facts) -> str:
    """Give a stored entity the first free slug of its facts. Its row is locked, or of this transaction."""
    for slug in candidates(facts):
        try:
            async with tx.connection.begin_nested():
                await tx.execute(update(entities).where(entities.c.id == entity_id).values(slug=slug))
        except IntegrityError:
            continue
        if not await is_former(tx, facts.kind, slug, but=entity_id):
            return slug
    raise no_free_slug(facts)


async def move(tx: Transaction, entity_id: UUID, facts: Facts, slug: str) -> str:
    """Give a stored entity, whose row is locked, another slug than `slug`, which leads to it from now on."""
    left = insert(slug_aliases).values(kind=facts.kind, slug=slug, entity_id=entity_id)
    await tx.execute(left.on_conflict_do_nothing())
    return await give(tx, entity_id, facts)


def no_free_slug(facts: Facts) -> Permanent:
    message = f"no free slug for {facts.title[:100]!r}"
    return Permanent(Failure(type=FailureType.UNKNOWN_ERROR, technical_message=message))
