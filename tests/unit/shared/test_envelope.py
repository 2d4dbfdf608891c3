from datetime import UTC, datetime
from typing import Any

import pytest

from shared import ids
from shared.entities import ContextTag, EntityKind, Form, Locale
from shared.envelope import CONTENT_TYPE, decode, encode
from shared.errors import BadMessage
from shared.events import (
    EVENTS,
    EntityChanged,
    Event,
    GenerationCompleted,
    GenerationFailed,
    GenerationRequested,
    RefreshCompleted,
    RefreshFailed,
    RefreshRequested,
)
from shared.jobs import FailureType

BASE: dict[str, Any] = {
    "event_id": ids.row_id(),
    "occurred_at": datetime(2026, 11, 20, 9, 15, 4, tzinfo=UTC),
    "entity_kind": EntityKind.MOVIE,
    "slug": "the-matrix-1999",
}
JOB: dict[str, Any] = {**BASE, "job_id": ids.job_id()}
TEXT: dict[str, Any] = {
    "form": Form.DESCRIPTION,
    "locale": Locale.PL,
    "context_tag": ContextTag.MODERN,
    "requested_slug": "the-matrix",
}
ONE_OF_EACH: tuple[Event, ...] = (
    GenerationRequested(**JOB, form=Form.DESCRIPTION, locale=Locale.PL),
    GenerationCompleted(
        **JOB, **TEXT, entity_id=ids.row_id(), entity_version=2, text_id=ids.row_id(), became_default=True
    ),
    GenerationFailed(**JOB, **TEXT, error=FailureType.NOT_FOUND, reason="NOT_FOUND"),
    RefreshRequested(**JOB, entity_id=ids.row_id()),
    RefreshCompleted(**JOB, entity_id=ids.row_id(), entity_version=3, refreshed_at=BASE["occurred_at"]),
    RefreshFailed(**JOB, error=FailureType.TIMEOUT, reason="TIMEOUT"),
    EntityChanged(**BASE, entity_id=ids.row_id(), entity_version=4),
)
EVENT = ONE_OF_EACH[0]


def test_there_is_an_example_of_each_event() -> None:
    assert {type(event) for event in ONE_OF_EACH} == set(EVENTS)


@pytest.mark.parametrize("event", ONE_OF_EACH, ids=lambda event: event.type)
def test_an_event_survives_the_wire(event: Event) -> None:
    envelope = encode(event)

    assert decode(envelope.headers, CONTENT_TYPE, envelope.body) == event
    assert envelope.message_id == str(event.event_id)
    assert envelope.routing_key == f"{event.type}.movie"
    assert all(isinstance(value, str) for value in envelope.headers.values())


def test_members_of_a_newer_minor_version_are_ignored() -> None:
    envelope = encode(EVENT)
    newer = envelope.body.replace(b"{", b'{"mood": "noir", ', 1)

    assert decode(envelope.headers, "application/json; charset=utf-8", newer) == EVENT


@pytest.mark.parametrize(
    ("headers", "content_type", "body", "reason"),
    [
        ({}, CONTENT_TYPE, b"{}", "bad-envelope"),
        ({"cloudEvents_type": {"nested": 1}}, CONTENT_TYPE, b"{}", "bad-envelope"),
        ({"cloudEvents_type": "generation.requested"}, "text/plain", b"{}", "bad-envelope"),
        ({"cloudEvents_type": "generation.requested"}, None, b"{}", "bad-envelope"),
        ({"cloudEvents_type": "weather.changed"}, CONTENT_TYPE, b"{}", "unknown-type"),
        (
            {"cloudEvents_type": "generation.requested", "cloudEvents_dataversion": "2"},
            CONTENT_TYPE,
            b"{}",
            "unknown-version",
        ),
        ({"cloudEvents_type": "generation.requested"}, CONTENT_TYPE, b"{", "bad-body"),
        ({"cloudEvents_type": "generation.requested"}, CONTENT_TYPE, b"\xff\xfe", "bad-body"),
        ({"cloudEvents_type": "generation.requested"}, CONTENT_TYPE, b"{}", "bad-body"),
        ({"cloudEvents_type": "generation.requested"}, CONTENT_TYPE, b"[1]", "bad-body"),
        ({"cloudEvents_type": "generation.requested"}, CONTENT_TYPE, b'"' + b"x" * 70_000 + b'"', "bad-body"),
    ],
)
def test_what_cannot_be_read_says_why(
    headers: dict[str, Any], content_type: str | None, body: bytes, reason: str
) -> None:
    with pytest.raises(BadMessage) as caught:
        decode(headers, content_type, body)

    assert caught.value.reason == reason


def test_an_event_over_64_kib_is_refused_when_it_is_built() -> None:
    large: dict[str, Any] = {**BASE, "slug": "x" * 65_536}

    with pytest.raises(ValueError, match="send larger data by id"):
        encode(EntityChanged(**large, entity_id=ids.row_id(), entity_version=1))


def test_one_request_has_one_idempotency_key_however_often_it_is_published() -> None:
    again = EVENT.model_copy(update={"event_id": ids.row_id()})

    assert again.idempotency_key == EVENT.idempotency_key
    assert ONE_OF_EACH[1].idempotency_key != EVENT.idempotency_key
