"""Outbox rows as an acceptance leaves them, many at once."""

import json

from tests.bench.servers import execute

from shared import ids
from shared.clock import SystemClock
from shared.db.engine import RELAY_CHANNEL
from shared.entities import EntityKind, Form, Locale
from shared.envelope import Envelope, encode
from shared.events import GenerationRequested

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
_INSERT = """
INSERT INTO outbox (id, event_id, type, correlation_id, routing_key, headers, payload, traceparent)
SELECT gen_random_uuid(), gen_random_uuid(), %s, %s, %s, %s::jsonb, %s, %s FROM generate_series(1, %s::int)
"""


def sample_envelope() -> Envelope:
    """The event of one accepted job."""
    return encode(
        GenerationRequested(
            event_id=ids.row_id(),
            occurred_at=SystemClock().now(),
            entity_kind=EntityKind.MOVIE,
            job_id=ids.job_id(),
            slug="the-film-000000001-1999",
            form=Form.DESCRIPTION,
            locale=Locale.EN,
        )
    )


def add_due_rows(database_url: str, count: int) -> None:
    """`count` rows, due now, in one transaction; the relays are told."""
    event = sample_envelope()
    texts = (event.type, event.correlation_id, event.routing_key, json.dumps(dict(event.headers)), event.body.decode())
    execute(database_url, _INSERT, *texts, TRACEPARENT, count)
    execute(database_url, f"NOTIFY {RELAY_CHANNEL}")
