"""The one way to publish: a row in the transaction of the effect."""

from sqlalchemy import func, literal
from sqlalchemy.dialects.postgresql import insert

from shared import ids
from shared.db.engine import Transaction
from shared.db.tables import outbox
from shared.envelope import encode
from shared.events import Event
from shared.telemetry.context import current_traceparent


async def add(tx: Transaction, event: Event) -> None:
    """Publish `event` to everyone who subscribed, after this transaction commits."""
    await _insert(tx, event, target_queue="", delay_s=0.0, attempt=None)


async def add_retry(tx: Transaction, event: Event, queue: str, delay_s: float, attempt: int) -> None:
    """Send `event` again to `queue` only, `delay_s` from now by the database clock.

    There is at most one row per event and queue: a second call moves the first row's time.
    """
    await _insert(tx, event, target_queue=queue, delay_s=delay_s, attempt=attempt)


async def _insert(tx: Transaction, event: Event, *, target_queue: str, delay_s: float, attempt: int | None) -> None:
    envelope = encode(event)
    headers = dict(envelope.headers) if attempt is None else {**envelope.headers, "x-attempt": str(attempt)}
    due = func.now() + func.make_interval(0, 0, 0, 0, 0, 0, literal(delay_s))
    row = insert(outbox).values(
        id=ids.row_id(),
        event_id=event.event_id,
        type=envelope.type,
        correlation_id=envelope.correlation_id,
        routing_key=target_queue or envelope.routing_key,
        target_queue=target_queue,
        headers=headers,
        payload=envelope.body.decode(),
        traceparent=current_traceparent(),
        available_at=due,
    )
    await tx.execute(
        row.on_conflict_do_update(
            index_elements=[outbox.c.event_id, outbox.c.target_queue],
            set_={"available_at": row.excluded.available_at, "headers": row.excluded.headers},
        )
    )
    tx.wakes_relay = True
