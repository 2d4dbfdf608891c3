"""The consumer's memory: one row per (consumer, idempotency key), written in the transaction of the effect."""

from sqlalchemy import text

from shared.db.engine import Transaction
from shared.events import Event

_COMPLETE = text(
    """
    INSERT INTO inbox (consumer, idempotency_key, event_id)
    SELECT :consumer, key, id
    FROM unnest(CAST(:keys AS uuid[]), CAST(:event_ids AS uuid[])) AS given (key, id) ORDER BY key
    ON CONFLICT DO NOTHING RETURNING event_id
    """
)


async def complete(tx: Transaction, consumer: str, *events: Event) -> bool:
    """Record that `consumer` is done with `events`. False when it already was with one: then the effects must not be committed again."""
    keys, event_ids = [event.idempotency_key for event in events], [event.event_id for event in events]
    row = {"consumer": consumer, "keys": keys, "event_ids": event_ids}
    return len((await tx.execute(_COMPLETE, row)).all()) == len(events)
