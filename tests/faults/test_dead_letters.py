"""What ended without its work is found, read, sent again once, and never blocks what comes after it."""

from collections.abc import Iterator
from typing import Any, cast

import pytest
from sqlalchemy import RowMapping
from tests.faults.operating import TOKEN, Operator, dead
from tests.support.fleet import fleet
from tests.support.processes import Server

from shared import ids
from shared.db.jobs import request_event
from shared.entities import EntityKind
from shared.envelope import encode
from shared.events import EntityChanged
from shared.testing.clock import START
from shared.topology import EVENTS_EXCHANGE, GENERATION_REQUESTS, INVALIDATIONS

pytestmark = [pytest.mark.rabbit, pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def shared_operator(broker: Server, postgres_server: Server, redis_server: Server) -> Iterator[Operator]:
    with fleet(postgres_server, broker, redis_server, {"ADMIN_API_TOKEN": TOKEN}) as made:
        made.start()
        yield Operator(made)


@pytest.fixture
def operator(shared_operator: Operator) -> Iterator[Operator]:
    """Every service runs and no letter is open before the test."""
    for service in shared_operator.fleet.services.values():
        if not service.alive:
            service.start()
    shared_operator.fleet.rows("UPDATE dead_letters SET purged_at = now() WHERE purged_at IS NULL")
    yield shared_operator
    shared_operator.fleet.heal()


def changed() -> EntityChanged:
    return EntityChanged(
        event_id=ids.row_id(),
        occurred_at=START,
        entity_kind=EntityKind.MOVIE,
        entity_id=ids.row_id(),
        slug="heat-1995",
        entity_version=2,
    )


def publish(operator: Operator, event: EntityChanged, **headers: Any) -> None:
    envelope = encode(event)
    sent = {**envelope.headers, **headers}
    operator.publish(EVENTS_EXCHANGE, envelope.routing_key, envelope.body, sent)


def test_i7_a_message_at_its_delivery_limit_becomes_an_open_letter(operator: Operator) -> None:
    invalidator, event = operator.fleet.services["cache_invalidator"], changed()
    invalidator.terminate()
    publish(operator, event)
    operator.exhaust(INVALIDATIONS)

    invalidator.start()

    letter = operator.letter(queue=INVALIDATIONS.name)
    assert (letter["origin"], letter["reason"]) == ("broker", "delivery-limit")
    assert (letter["event_id"], letter["event_type"]) == (str(event.event_id), event.type)
    operator.wait(lambda: operator.ready(INVALIDATIONS.dead_name) == 0, "an empty dead-letter queue")
    assert operator.ready(INVALIDATIONS.name) == 0


def test_i7_a_death_between_parking_and_ack_leaves_one_letter(operator: Operator) -> None:
    invalidator, envelope = operator.fleet.services["cache_invalidator"], encode(changed())
    invalidator.terminate()
    invalidator.start(FAULTS="consumer.before_ack=exit137")

    operator.publish(*dead(INVALIDATIONS), envelope.body, envelope.headers)
    assert invalidator.ended() == 137
    before = operator.letter(queue=INVALIDATIONS.name)
    invalidator.start()

    operator.wait(lambda: operator.ready(INVALIDATIONS.dead_name) == 0, "an empty dead-letter queue")
    publish(operator, changed())
    operator.wait(lambda: operator.ready(INVALIDATIONS.name) == 0, "an empty queue")
    assert operator.letters(queue=INVALIDATIONS.name) == [before]


def test_f86_a_replayed_letter_is_worked_once_under_its_own_event_id(operator: Operator) -> None:
    generator = operator.fleet.services["generator"]
    generator.terminate()
    job = operator.accept("the-matrix-1999")
    operator.bury(GENERATION_REQUESTS)
    generator.start()
    letter = operator.letter(queue=GENERATION_REQUESTS.name)

    sent = operator.call("POST", f"/{letter['id']}/replay")
    again = operator.call("POST", f"/{letter['id']}/replay")

    event_id = str(operator.fleet.rows("SELECT event_id FROM jobs WHERE id = $1::uuid", job)[0]["event_id"])
    assert operator.finished(job) == "DONE"
    assert (letter["job_id"], letter["reason"], letter["event_id"]) == (job, "rejected", event_id)
    assert (sent.status_code, sent.json()["event_id"], again.status_code) == (202, event_id, 409)
    assert len(operator.fleet.rows("SELECT FROM texts WHERE job_id = $1::uuid", job)) == 1
    assert len(operator.fleet.rows("SELECT FROM ai_calls WHERE job_id = $1::uuid", job)) == 1
    audit = operator.fleet.rows("SELECT actor, action FROM admin_audit WHERE target = $1", letter["id"])
    assert audit == [{"actor": "token", "action": "dead-letter.replay"}]


def test_f86_a_whole_queue_goes_back_and_each_job_is_done_once(operator: Operator) -> None:
    generator, slugs = operator.fleet.services["generator"], ("inception-2010", "heat-1995", "alien-1979")
    generator.terminate()
    jobs = [operator.accept(slug) for slug in slugs]
    operator.bury(GENERATION_REQUESTS, len(jobs))
    generator.start()
    queue = GENERATION_REQUESTS.name
    operator.wait(lambda: len(operator.letters(queue=queue)) == len(jobs), "a letter for each job")

    replayed = operator.call("POST", "/replay", {"queue": queue})

    assert (replayed.status_code, replayed.json()) == (202, {"replayed": 3})
    assert [operator.finished(job) for job in jobs] == ["DONE"] * 3
    counts = operator.fleet.rows("SELECT count(*) FROM texts WHERE job_id = ANY($1::uuid[]) GROUP BY job_id", jobs)
    assert [row["count"] for row in counts] == [1, 1, 1]
    assert operator.letters(queue=queue) == []


def test_f86_a_replay_of_what_was_done_or_has_failed_changes_nothing(operator: Operator) -> None:
    done, failed = operator.accept("the-godfather-1972"), operator.accept("no-such-film-1999")
    assert [operator.finished(done), operator.finished(failed)] == ["DONE", "FAILED"]
    row = operator.fleet.rows("SELECT * FROM jobs WHERE id = $1::uuid", done)[0]
    copy = encode(request_event(cast("RowMapping", row)))
    operator.publish(*dead(GENERATION_REQUESTS), copy.body, copy.headers)
    before = operator.fleet.rows("SELECT count(*) FROM job_transitions")
    letters = [operator.letter(reason="NOT_FOUND"), operator.letter(reason="delivery-limit")]

    told = [operator.call("POST", f"/{letter['id']}/replay").json()["job_status"] for letter in letters]
    operator.wait(lambda: not operator.fleet.rows("SELECT FROM outbox"), "an empty outbox")
    following = operator.accept("jaws-1975")

    assert operator.finished(following) == "DONE"
    assert told == ["FAILED", "DONE"]
    own = operator.fleet.rows("SELECT count(*) FROM job_transitions WHERE job_id <> $1::uuid", following)
    assert own == before
    assert len(operator.fleet.rows("SELECT FROM ai_calls WHERE job_id = $1::uuid", done)) == 1
    assert operator.letters() == []


def test_f87_events_of_jobs_that_a_restored_backup_does_not_know_are_parked(operator: Operator) -> None:
    generator = operator.fleet.services["generator"]
    generator.terminate()
    lost = operator.accept("blade-runner-1982")
    message = operator.take(GENERATION_REQUESTS)
    operator.publish(EVENTS_EXCHANGE, "generation.requested.movie", message.body, message.headers)
    operator.fleet.rows("CREATE TABLE newer AS SELECT * FROM jobs WHERE id = $1::uuid", lost)
    operator.fleet.rows("DELETE FROM jobs WHERE id = $1::uuid", lost)

    generator.start()
    process = generator.process
    letter = operator.letter(queue=GENERATION_REQUESTS.name)
    following = operator.accept("jaws-1975")

    assert operator.finished(following) == "DONE"
    assert (letter["reason"], letter["job_id"], letter["origin"]) == ("unknown-job", lost, "handler")
    assert operator.letters(queue=GENERATION_REQUESTS.name) == [letter]
    assert (generator.process, generator.alive) == (process, True)
    operator.fleet.rows("INSERT INTO jobs OVERRIDING SYSTEM VALUE SELECT * FROM newer")
    operator.fleet.rows("DROP TABLE newer")
    operator.call("POST", f"/{letter['id']}/replay").raise_for_status()
    assert operator.finished(lost) == "DONE"


def test_f52_a_newer_version_is_parked_and_replayed_as_it_came(operator: Operator) -> None:
    invalidator, event = operator.fleet.services["cache_invalidator"], changed()
    publish(operator, event, cloudEvents_dataversion="2")
    letter = operator.letter(queue=INVALIDATIONS.name)
    invalidator.terminate()

    operator.call("POST", f"/{letter['id']}/replay").raise_for_status()
    operator.wait(lambda: operator.ready(INVALIDATIONS.name) == 1, "the message in its queue")
    message = operator.take(INVALIDATIONS)
    invalidator.start()
    again = operator.letter(queue=INVALIDATIONS.name)

    envelope = encode(event)
    assert (letter["reason"], again["reason"]) == ("unknown-version", "unknown-version")
    assert (message.body, message.message_id, message.content_type) == (
        envelope.body,
        str(event.event_id),
        "application/json",
    )
    expected = {**envelope.headers, "cloudEvents_dataversion": "2"}
    assert {name: message.headers[name] for name in expected} == expected
    assert again["id"] != letter["id"]


def test_f53_what_nobody_can_read_is_parked_and_the_next_event_is_worked(operator: Operator) -> None:
    envelope = encode(changed())
    hostile: list[tuple[bytes, dict[str, Any], str]] = [
        (b"\xff\xfe\x00", dict(envelope.headers), "application/json"),
        (envelope.body, dict(envelope.headers), "text/plain"),
        (envelope.body, {"cloudEvents_type": {"a": "table"}}, "application/json"),
        (b"[" * 60_000, dict(envelope.headers), "application/json"),
    ]
    for body, headers, content_type in hostile:
        operator.publish(EVENTS_EXCHANGE, envelope.routing_key, body, headers, content_type=content_type)
    publish(operator, changed())

    operator.wait(lambda: len(operator.letters()) == len(hostile), "a letter for each")
    operator.wait(lambda: operator.ready(INVALIDATIONS.name) == 0, "an empty queue")
    letters = operator.letters()
    assert sorted(letter["reason"] for letter in letters) == ["bad-body", "bad-body", "bad-envelope", "bad-envelope"]
    assert {operator.call("GET", f"/{letter['id']}").status_code for letter in letters} == {200}
    assert operator.fleet.services["cache_invalidator"].ready()
