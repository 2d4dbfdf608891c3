import re

from shared import topology
from shared.events import EVENTS, GenerationRequested, RefreshRequested
from shared.topology import WORK_QUEUES


def test_every_queue_has_a_dead_letter_queue_that_its_dead_letters_reach() -> None:
    bindings = set(topology.bindings())

    for queue in WORK_QUEUES:
        assert queue.arguments["x-dead-letter-exchange"] == topology.DEAD_EXCHANGE
        assert (topology.DEAD_EXCHANGE, queue.dead_name, queue.arguments["x-dead-letter-routing-key"]) in bindings


def test_a_retry_reaches_its_own_queue_only() -> None:
    retries = [(queue, key) for exchange, queue, key in topology.bindings() if exchange == topology.RETRY_EXCHANGE]

    assert sorted(retries) == sorted((queue.name, queue.name) for queue in WORK_QUEUES)


def test_queues_never_drop_and_never_loop() -> None:
    for queue in WORK_QUEUES:
        assert queue.arguments["x-overflow"] == "reject-publish"
        assert queue.arguments["x-dead-letter-strategy"] == "at-least-once"
        assert queue.arguments["x-delivery-limit"] == 100
        assert 0 < queue.prefetch <= 64


def test_every_request_has_a_queue_that_works_it() -> None:
    assert set(topology.QUEUE_OF_REQUEST) == {GenerationRequested.type, RefreshRequested.type}
    for event in EVENTS:
        if event.type in topology.QUEUE_OF_REQUEST:
            assert event in topology.QUEUE_OF_REQUEST[event.type].events


def test_definitions_name_each_exchange_queue_and_binding_once() -> None:
    document = topology.definitions()
    names = [queue["name"] for queue in document["queues"]]

    assert len(names) == len(set(names)) == 2 * len(WORK_QUEUES)
    assert len(document["bindings"]) == len(topology.bindings()) + len(topology.COMPLETION_KEYS)
    assert {binding["source"] for binding in document["bindings"]} <= {
        exchange["name"] for exchange in document["exchanges"]
    }


def test_dead_letters_and_nothing_else_are_kept_however_often_they_return() -> None:
    (policy,) = topology.definitions()["policies"]

    governed = {
        name for queue in WORK_QUEUES for name in (queue.name, queue.dead_name) if re.search(policy["pattern"], name)
    }
    assert governed == {queue.dead_name for queue in WORK_QUEUES}
    assert policy["definition"]["delivery-limit"] > 100_000
