"""CloudEvents 1.0 over AMQP 0-9-1 in binary mode: attributes as `cloudEvents_*` headers, the event as a JSON body.

Source: CloudEvents 1.0.2 core and AMQP protocol binding (attribute names prefixed `cloudEvents_`). Headers are flat strings, because
tables and arrays do not survive the mapping.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import ValidationError

from shared.errors import BadMessage
from shared.events import EVENTS, Event

SPEC_VERSION = "1.0"
SOURCE = "urn:moviemind"
CONTENT_TYPE = "application/json"
MAX_BODY_BYTES = 64 * 1024

_BY_TYPE = {event.type: event for event in EVENTS}


@dataclass(frozen=True, slots=True)
class Envelope:
    """An encoded event, ready to be published or stored."""

    message_id: str
    correlation_id: str
    type: str
    routing_key: str
    headers: Mapping[str, str]
    body: bytes


def routing_key(event: Event) -> str:
    """`<type>.<entity kind>`, e.g. `generation.requested.movie`."""
    return f"{event.type}.{event.entity_kind.lower()}"


def encode(event: Event) -> Envelope:
    """The wire form of `event`. Raises ValueError when the body exceeds 64 KiB."""
    body = orjson.dumps(event.model_dump(mode="json"))
    if len(body) > MAX_BODY_BYTES:
        raise ValueError(f"{event.type} encodes to {len(body)} bytes; send larger data by id")
    return Envelope(
        message_id=str(event.event_id),
        correlation_id=str(event.correlation_id),
        type=event.type,
        routing_key=routing_key(event),
        headers={
            "cloudEvents_specversion": SPEC_VERSION,
            "cloudEvents_id": str(event.event_id),
            "cloudEvents_source": SOURCE,
            "cloudEvents_type": event.type,
            "cloudEvents_dataversion": str(event.version),
            "cloudEvents_subject": str(event.correlation_id),
            "cloudEvents_time": event.occurred_at.isoformat(),
            "idempotency-key": str(event.idempotency_key),
        },
        body=body,
    )


def decode(headers: Mapping[str, Any], content_type: str | None, body: bytes) -> Event:
    """The event in a delivery.

    Raises BadMessage with reason `bad-envelope`, `unknown-type`, `unknown-version` or `bad-body`. Unknown optional members are ignored.
    """
    if (content_type or "").partition(";")[0].strip() != CONTENT_TYPE:
        raise BadMessage("bad-envelope", f"content type is {str(content_type)[:100]!r}")
    name, version = headers.get("cloudEvents_type"), headers.get("cloudEvents_dataversion", "1")
    if not isinstance(name, str) or not isinstance(version, str):
        raise BadMessage("bad-envelope", "cloudEvents_type or cloudEvents_dataversion is not a string")
    event_class = _BY_TYPE.get(name)
    if event_class is None:
        raise BadMessage("unknown-type", name[:100])
    if version != str(event_class.version):
        raise BadMessage("unknown-version", f"{name} version {version[:20]}")
    if len(body) > MAX_BODY_BYTES:
        raise BadMessage("bad-body", f"{len(body)} bytes")
    try:
        return event_class.model_validate_json(body)
    except ValidationError as error:
        fields = ", ".join(
            ".".join(map(str, item["loc"])) or "body"
            for item in error.errors(include_url=False, include_input=False)[:5]
        )
        raise BadMessage("bad-body", f"{name}: {fields}") from None
