"""The consumer's memory: one row per (consumer, idempotency key), written in the transaction of the effect."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from shared.db.engine import Transaction
from shared.db.tables import inbox
from shared.events import Event


async def complete(tx: Transaction, consumer: str, event: Event) -> bool:
    """Record that `consumer` is done with `event`. False when it already was: then the caller's effect must not be committed again."""
    row = insert(inbox).values(consumer=consumer, idempotency_key=event.idempotency_key, event_id=event.event_id)
    written = await tx.execute(row.on_conflict_do_nothing().returning(inbox.c.event_id))
    return written.first() is not None


async def completed(tx: Transaction, consumer: str, idempotency_key: UUID) -> bool:
    """Whether `consumer` is done with the event of that key."""
    found = select(inbox.c.event_id).where(inbox.c.consumer == consumer, inbox.c.idempotency_key == idempotency_key)
    return await tx.scalar(found) is not None
