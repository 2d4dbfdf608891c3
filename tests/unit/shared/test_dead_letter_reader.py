from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from shared.errors import BadMessage, Unavailable
from shared.messaging.dead_letters import DeadLetterReader, reason_of
from shared.testing.clock import FakeClock


class Impatient(FakeClock):
    async def sleep(self, delay_s: float) -> None:
        self.advance(delay_s)


@dataclass
class Raw:
    headers: Mapping[str, Any]
    content_type: str | None
    body: bytes


@dataclass
class Letter:
    """A delivery of a dead-letter queue; notes what happened in which order."""

    raw_message: Raw
    log: list[str] = field(default_factory=list[str])

    async def ack(self) -> None:
        self.log.append("acked")


@dataclass
class Away:
    """A parking place that is away for the first calls."""

    log: list[str]
    failures: int
    parked: list[tuple[str, bytes]] = field(default_factory=list[tuple[str, bytes]])

    async def park(self, message: BadMessage, headers: Mapping[str, Any], body: bytes) -> None:
        if self.failures:
            self.failures -= 1
            self.log.append("away")
            raise Unavailable("postgres")
        self.log.append("parked")
        self.parked.append((message.reason, body))


@pytest.mark.parametrize("failures", [0, 3])
async def test_a_letter_is_acked_after_it_was_parked_and_not_before(failures: int) -> None:
    letter = Letter(Raw({"x-first-death-reason": "delivery_limit"}, None, b"\xff"))
    parking = Away(letter.log, failures)

    await DeadLetterReader(parking, Impatient()).settle(letter)

    assert letter.log == ["away"] * failures + ["parked", "acked"]
    assert parking.parked == [("delivery-limit", b"\xff")]


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"x-first-death-reason": "delivery_limit"}, "delivery-limit"),
        ({"x-first-death-reason": "rejected"}, "rejected"),
        ({}, "delivery-limit"),
        ({"x-first-death-reason": ""}, "delivery-limit"),
        ({"x-first-death-reason": 7}, "delivery-limit"),
        ({"x-first-death-reason": "a\x00b"}, "delivery-limit"),
    ],
)
def test_the_reason_is_what_the_broker_says(headers: dict[str, Any], reason: str) -> None:
    assert reason_of(headers) == reason
