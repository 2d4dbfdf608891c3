"""The one way to publish: a row in the transaction of the effect."""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import text

from shared import ids
from shared.db.engine import Transaction
from shared.envelope import encode
from shared.events import Event
from shared.telemetry.context import current_traceparent


async def add(tx: Transaction, event: Event) -> None:
    """Publish `event` to everyone who subscribed, after this transaction commits."""
    await _insert(tx, [_row(event, current_traceparent())])


async def add_all(tx: Transaction, events: Sequence[tuple[Event, str | None]]) -> None:
    """Publish several events in one statement, each with the `traceparent` of its own cause."""
    await _insert(tx, [_row(event, traceparent) for event, traceparent in events])


async def add_retry(tx: Transaction, event: Event, queue: str, delay_s: float, attempt: int) -> None:
    """Send `event` again to `queue` only, `delay_s` from now by the database clock.

    There is at most one row per event and queue: a second call moves the first row's time.
    """
    row = _row(event, current_traceparent())
    headers = {**row["headers"], "x-attempt": str(attempt)}
    await _insert(
        tx, [row | {"routing_key": queue, "target_queue": queue, "headers": headers, "delay_s": max(0.0, delay_s)}]
    )


def _row(event: Event, traceparent: str | None) -> dict[str, Any]:
    envelope = encode(event)
    return {
        "id": ids.row_id(),
        "event_id": event.event_id,
        "type": envelope.type,
        "correlation_id": envelope.correlation_id,
        "routing_key": envelope.routing_key,
        "target_queue": "",
        "headers": dict(envelope.headers),
        "payload": envelope.body.decode(),
        "traceparent": traceparent,
        "delay_s": 0.0,
    }


async def _insert(tx: Transaction, rows: Sequence[dict[str, Any]]) -> None:
    await tx.execute(_ROWS, {"rows": orjson.dumps(rows, default=str).decode()})
    tx.wakes_relay = True


_ROWS = text(
    """
    INSERT INTO outbox
        (id, event_id, type, correlation_id, routing_key, target_queue, headers, payload, traceparent, available_at)
    SELECT id, event_id, type, correlation_id, routing_key, target_queue, headers, payload, traceparent,
        now() + make_interval(secs => delay_s)
    FROM jsonb_to_recordset(CAST(CAST(:rows AS text) AS jsonb)) AS given (
        id uuid, event_id uuid, type text, correlation_id text, routing_key text, target_queue text, headers jsonb,
        payload text, traceparent text, delay_s float8)
    ON CONFLICT (event_id, target_queue) DO UPDATE SET available_at = excluded.available_at, headers = excluded.headers
    """
)
