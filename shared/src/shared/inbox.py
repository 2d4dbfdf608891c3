"""The consumer's memory: one row per (consumer, idempotency key), written in the transaction of the effect."""

from sqlalchemy import text

from shared.db.engine import Transaction
from shared.events import Event

_COMPLETE = text(
    """
    INSERT INTO inbox (consumer, idempotency_key, event_id) VALUES (:consumer, :idempotency_key, :event_id)
    ON CONFLICT DO NOTHING RETURNING event_id
    """
)


async def complete(tx: Transaction, consumer: str, event: Event) -> bool:
    """Record that `consumer` is done with `event`. False when it already was: then the caller's effect must not be committed again."""
    row = {"consumer": consumer, "idempotency_key": event.idempotency_key, "event_id": event.event_id}
    return (await tx.execute(_COMPLETE, row)).first() is not None
