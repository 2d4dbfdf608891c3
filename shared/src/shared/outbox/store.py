"""The one way to publish: a row in the transaction of the effect."""

from typing import Any

from sqlalchemy import Executable, Float, bindparam, func
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
    await tx.execute(
        _ROW,
        {
            "id": ids.row_id(),
            "event_id": event.event_id,
            "type": envelope.type,
            "correlation_id": envelope.correlation_id,
            "routing_key": target_queue or envelope.routing_key,
            "target_queue": target_queue,
            "headers": dict(envelope.headers) if attempt is None else {**envelope.headers, "x-attempt": str(attempt)},
            "payload": envelope.body.decode(),
            "traceparent": current_traceparent(),
            "delay_s": delay_s,
        },
    )
    tx.wakes_relay = True


def _row() -> Executable:
    """Built once: composing a statement costs more than sending it."""
    given = (
        "id",
        "event_id",
        "type",
        "correlation_id",
        "routing_key",
        "target_queue",
        "headers",
        "payload",
        "traceparent",
    )
    delay = func.make_interval(0, 0, 0, 0, 0, 0, bindparam("delay_s", type_=Float))
    columns: dict[str, Any] = {name: bindparam(name) for name in given}
    row = insert(outbox).values(columns | {"available_at": func.now() + delay})
    return row.on_conflict_do_update(
        index_elements=[outbox.c.event_id, outbox.c.target_queue],
        set_={"available_at": row.excluded.available_at, "headers": row.excluded.headers},
    )


_ROW = _row()
