import random

import pytest
from pamqp.commands import Basic
from pamqp.common import FieldTable, FieldValue
from tests.unit.embedded_amqp.core import Core, FakeSink

from embedded_amqp.errors import AmqpError


def test_returned_messages_go_back_to_their_places_in_any_order(core: Core) -> None:
    queue = core.queue("q")
    sink = FakeSink()
    consumer = core.consume(queue, sink)
    for number in range(50):
        core.publish(str(number), "q")
    queue.remove_consumer(consumer)
    held = list(sink.entries)
    random.Random(7).shuffle(held)

    for entry in held:
        queue.give_back(entry)

    assert core.bodies("q") == [str(number) for number in range(50)]


def test_consumers_take_turns_and_full_ones_are_passed_over(core: Core) -> None:
    queue = core.queue("q")
    patient, full = FakeSink(), FakeSink()
    core.consume(queue, patient)
    core.consume(queue, full, prefetch=1)

    for body in "1234":
        core.publish(body, "q")

    assert (patient.bodies, full.bodies) == (["1", "3", "4"], ["2"])


def test_a_sink_without_room_gets_nothing_until_it_is_asked_again(core: Core) -> None:
    queue = core.queue("q")
    sink = FakeSink(room=1)
    core.consume(queue, sink)
    core.publish("1", "q")
    core.publish("2", "q")
    assert sink.bodies == ["1"]

    sink.room = 2
    queue.kick()
    core.scheduler.run()

    assert sink.bodies == ["1", "2"]


def test_only_the_first_consumer_is_active_when_there_may_be_one(core: Core) -> None:
    queue = core.queue("q", {"x-single-active-consumer": True})
    first, second = FakeSink(), FakeSink()
    active = core.consume(queue, first, prefetch=1)
    core.consume(queue, second)

    core.publish("1", "q")
    core.publish("2", "q")
    assert (first.bodies, second.bodies) == (["1"], [])

    queue.remove_consumer(active)
    core.scheduler.run()
    assert second.bodies == ["2"]


def test_a_message_expires_at_its_time_and_not_before(core: Core) -> None:
    core.queue("q", {"x-message-ttl": 5000, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"})
    core.queue("dead")
    core.publish("1", "q")

    core.scheduler.advance(4.999)
    assert core.bodies("dead") == []

    core.scheduler.advance(0.001)
    assert core.bodies("dead") == ["1"]


def test_the_shorter_of_both_expiries_counts(core: Core) -> None:
    queue = core.queue("q", {"x-message-ttl": 5000})
    core.publish("1", "q", properties=Basic.Properties(expiration="1000"))
    core.publish("2", "q", properties=Basic.Properties(expiration="9000"))

    core.scheduler.advance(1)
    assert len(queue) == 1

    core.scheduler.advance(4)
    assert len(queue) == 0


def test_a_delivered_message_does_not_expire_before_it_is_returned(core: Core) -> None:
    queue = core.queue("q", {"x-message-ttl": 1000})
    core.publish("1", "q")
    entry = queue.take()
    assert entry is not None

    core.scheduler.advance(10)
    queue.give_back(entry)

    assert (len(queue), core.memory.used_bytes) == (0, 0)


@pytest.mark.parametrize("expiration", ["soon", "-1", "1.5", "99999999999", "٣"])
def test_an_expiration_that_is_no_number_of_milliseconds_is_refused(core: Core, expiration: str) -> None:
    core.queue("q")

    with pytest.raises(AmqpError, match="invalid expiration"):
        core.publish("1", "q", properties=Basic.Properties(expiration=expiration))


def test_an_unused_queue_expires_but_not_one_with_a_consumer(core: Core) -> None:
    used, unused = core.queue("used", {"x-expires": 1000}), core.queue("unused", {"x-expires": 1000})
    consumer = core.consume(used, FakeSink())

    core.scheduler.advance(1)
    assert (used.deleted, unused.deleted) == (False, True)

    used.remove_consumer(consumer)
    core.scheduler.advance(0.999)
    assert not used.deleted
    core.scheduler.advance(0.001)
    assert used.deleted


def test_using_a_queue_extends_its_life(core: Core) -> None:
    queue = core.queue("q", {"x-expires": 1000})

    for _ in range(3):
        core.scheduler.advance(0.9)
        core.queue("q", {"x-expires": 1000})

    assert not queue.deleted


def test_a_full_queue_drops_its_head_or_refuses_the_newcomer(core: Core) -> None:
    core.queue("dropping", {"x-max-length": 2})
    core.queue("refusing", {"x-max-length": 2, "x-overflow": "reject-publish"})

    refused = [core.publish(body, name).refused for name in ("dropping", "refusing") for body in "123"]

    assert refused == [False, False, False, False, False, True]
    assert (core.bodies("dropping"), core.bodies("refusing")) == (["2", "3"], ["1", "2"])


def test_what_a_consumer_takes_at_once_does_not_count_towards_the_limit(core: Core) -> None:
    queue = core.queue("q", {"x-max-length": 0, "x-overflow": "drop-head"})
    sink = FakeSink()
    core.consume(queue, sink)

    core.publish("1", "q")

    assert sink.bodies == ["1"]


def test_a_refused_message_is_dead_lettered_when_asked_for(core: Core) -> None:
    core.queue("dead")
    arguments: FieldTable = {
        "x-max-length": 0,
        "x-overflow": "reject-publish-dlx",
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": "dead",
    }
    core.queue("q", arguments)

    assert core.publish("1", "q").refused
    assert core.bodies("dead") == ["1"]


def test_deleting_a_queue_tells_its_consumers_and_forgets_its_messages(core: Core) -> None:
    queue = core.queue("q")
    sink = FakeSink(room=1)
    core.consume(queue, sink, tag="mine")
    core.publish("held", "q")
    core.publish("ready", "q")

    count = core.broker.delete_queue(queue)
    queue.give_back(sink.entries[0])

    assert (count, sink.gone, core.memory.used_bytes) == (1, ["mine"], 0)


def test_an_exclusive_queue_is_locked_for_others_and_ends_with_its_owner(core: Core) -> None:
    owner = object()
    core.queue("q", owner=owner)

    with pytest.raises(AmqpError, match="RESOURCE_LOCKED"):
        core.broker.queue("q", object())

    core.broker.delete_exclusive(owner)
    assert core.broker.queues == {}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"x-message-ttl": -1}, "invalid arg 'x-message-ttl'"),
        ({"x-message-ttl": "1"}, "invalid arg 'x-message-ttl'"),
        ({"x-max-length": True}, "invalid arg 'x-max-length'"),
        ({"x-expires": 0}, "invalid arg 'x-expires'"),
        ({"x-overflow": "explode"}, "invalid arg 'x-overflow'"),
        ({"x-dead-letter-routing-key": "k"}, "invalid arg 'x-dead-letter-routing-key'"),
        ({"x-dead-letter-exchange": 1}, "invalid arg 'x-dead-letter-exchange'"),
        ({"x-single-active-consumer": "yes"}, "invalid arg 'x-single-active-consumer'"),
        ({"x-queue-type": "stream"}, "NOT_IMPLEMENTED"),
        ({"x-max-priority": 5}, "NOT_IMPLEMENTED"),
    ],
)
def test_an_argument_that_cannot_be_honoured_is_refused(
    core: Core, arguments: dict[str, FieldValue], text: str
) -> None:
    with pytest.raises(AmqpError, match=text):
        core.queue("q", arguments)

    assert core.broker.queues == {}


def test_memory_is_accounted_until_a_message_is_settled_and_the_alarm_has_slack() -> None:
    core = Core(memory_limit_bytes=10_000)
    queue = core.queue("q")
    for _ in range(6):
        core.publish("x" * 500, "q")
    held = [entry for entry in (queue.take() for _ in range(6)) if entry is not None]
    assert core.memory.alarm

    queue.discard(held[0])
    assert (core.memory.alarm, core.cleared) == (True, [])

    for entry in held[1:]:
        queue.discard(entry)
    assert (core.memory.alarm, core.cleared, core.memory.used_bytes) == (False, [True], 0)
