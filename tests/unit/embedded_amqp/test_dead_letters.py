import struct
from datetime import UTC, datetime

import pytest
from pamqp.commands import Basic
from pamqp.common import FieldTable
from tests.unit.embedded_amqp.core import START, Core

from embedded_amqp.messages import Message, Reason
from embedded_amqp.properties import Properties

_TO_DEAD: FieldTable = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"}


def _reject(core: Core, name: str) -> None:
    queue = core.broker.queues[name]
    entry = queue.take()
    assert entry is not None
    queue.bury(entry, "rejected")
    core.scheduler.run()


def test_a_dead_letter_carries_its_history(core: Core) -> None:
    core.queue("q", _TO_DEAD)
    core.queue("dead")
    core.publish("1", "q", properties=Basic.Properties(headers={"mine": 1.5}, expiration="60000", delivery_mode=2))

    _reject(core, "q")

    (letter,) = core.drain("dead")
    died_at = datetime.fromtimestamp(int(START + 100), UTC)
    assert letter.properties.headers == {
        "mine": 1.5,
        "x-death": [
            {
                "count": 1,
                "reason": "rejected",
                "queue": "q",
                "time": died_at,
                "exchange": "",
                "routing-keys": ["q"],
                "original-expiration": "60000",
            }
        ],
        "x-first-death-reason": "rejected",
        "x-first-death-queue": "q",
        "x-first-death-exchange": "",
    }
    assert (letter.routing_key, letter.properties.text("expiration")) == ("dead", None)
    assert letter.properties.persistent


def test_a_second_death_comes_first_and_the_first_is_remembered(core: Core) -> None:
    core.queue("q", {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"})
    core.queue("dead", {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "end"})
    core.queue("end")
    core.publish("1", "q")

    _reject(core, "q")
    _reject(core, "dead")

    (letter,) = core.drain("end")
    headers = letter.properties.headers
    deaths = headers["x-death"]
    assert isinstance(deaths, list)
    assert [death["queue"] for death in deaths if isinstance(death, dict)] == ["dead", "q"]
    assert headers["x-first-death-queue"] == "q"


def test_a_message_that_nobody_takes_is_dropped(core: Core) -> None:
    core.queue("q", {"x-dead-letter-exchange": "missing"})
    core.publish("1", "q")

    _reject(core, "q")

    assert core.memory.used_bytes == 0


def test_an_automatic_circle_is_broken(core: Core) -> None:
    core.queue("q", {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "q", "x-message-ttl": 10})
    core.publish("1", "q")

    core.scheduler.advance(60)

    assert (core.bodies("q"), core.memory.used_bytes) == ([], 0)


def test_a_long_chain_of_expiring_queues_neither_nests_nor_grows_without_bound(core: Core) -> None:
    for number in range(2000):
        arguments: FieldTable = {
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": f"q{number + 1}",
            "x-message-ttl": 0,
        }
        core.queue(f"q{number}", arguments)
    core.queue("q2000")

    core.publish("1", "q0")
    core.scheduler.advance(1)

    (letter,) = core.drain("q2000")
    deaths = letter.properties.headers["x-death"]
    assert isinstance(deaths, list)
    assert len(deaths) == 32


@pytest.mark.parametrize(
    "death", [1, "text", [1], [{"count": "x"}], [{"queue": "q", "reason": "rejected", "count": 1}]]
)
def test_a_history_made_up_by_the_publisher_does_no_harm(core: Core, death: object) -> None:
    headers: FieldTable = {"x-death": death}  # pyright: ignore[reportAssignmentType] - hostile on purpose
    core.queue("q", _TO_DEAD)
    core.queue("dead")
    core.publish("1", "q", properties=Basic.Properties(headers=headers))

    _reject(core, "q")

    assert core.bodies("dead") == ["1"]


@pytest.mark.parametrize("value", [b"S\0\0\0\x02\xff\xfe", b"d" + struct.pack(">d", 1e300)])
def test_a_made_up_history_that_cannot_be_written_again_is_left_out(core: Core, value: bytes) -> None:
    death = b"\x05countb\x01\x01v" + value
    deaths = b"F" + len(death).to_bytes(4) + death
    table = b"\x07x-deathA" + len(deaths).to_bytes(4) + deaths
    raw = b"\x20\0" + len(table).to_bytes(4) + table
    core.queue("q", _TO_DEAD)
    core.queue("dead")
    core.broker.publish(Message("", "q", Properties.parse(raw), b"1"))

    _reject(core, "q")

    (letter,) = core.drain("dead")
    history = letter.properties.headers["x-death"]
    assert isinstance(history, list)
    assert len(history) == 1


@pytest.mark.parametrize(("limit", "deliveries"), [(None, 21), (2, 3), (0, 1)])
def test_a_quorum_queue_gives_up_after_its_delivery_limit(core: Core, limit: int | None, deliveries: int) -> None:
    arguments: FieldTable = {"x-queue-type": "quorum", **_TO_DEAD}
    if limit is not None:
        arguments["x-delivery-limit"] = limit
    queue = core.queue("q", arguments)
    core.queue("dead")
    core.publish("1", "q")

    counts: list[int] = []
    while (entry := queue.take()) is not None:
        counts.append(entry.returns)
        queue.give_back(entry)

    assert counts == list(range(deliveries))
    (letter,) = core.drain("dead")
    assert letter.properties.headers["x-first-death-reason"] == "delivery_limit"


@pytest.mark.parametrize("arguments", [{}, {"x-queue-type": "quorum", "x-delivery-limit": -1}])
def test_without_a_limit_a_message_may_come_back_for_ever(core: Core, arguments: FieldTable) -> None:
    queue = core.queue("q", arguments)
    core.publish("1", "q")

    for _ in range(100):
        entry = queue.take()
        assert entry is not None
        queue.give_back(entry)

    assert core.bodies("q") == ["1"]


@pytest.mark.parametrize("reason", ["rejected", "expired"])
def test_at_least_once_keeps_a_dead_letter_until_it_is_taken(core: Core, reason: Reason) -> None:
    arguments: FieldTable = {
        **_TO_DEAD,
        "x-queue-type": "quorum",
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
        "x-max-length": 1,
    }
    queue = core.queue("q", arguments)
    core.publish("1", "q")
    entry = queue.take()
    assert entry is not None
    queue.bury(entry, reason)
    core.scheduler.run()

    assert core.publish("2", "q").refused

    core.queue("dead")
    core.scheduler.advance(5)
    assert core.bodies("dead") == ["1"]
    assert not core.publish("3", "q").refused
