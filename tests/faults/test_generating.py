"""Workers that die, stop and come back around an AI call, and a provider that fails or refuses its key: on real processes."""

import json
import signal
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.support.driving import accepted, attempts_of, ended, job, open_calls, texts_of
from tests.support.fleet import Fleet, Service, fleet
from tests.support.processes import Server, wait_until

SLUG, TITLE = "the-matrix-1999", "The Matrix"
OTHERS = ("heat-1995", "inception-2010", "alien-1979", "amelie-2001", "parasite-2019")
CONCURRENCY = 4
CAP = 2
A_LATER_DAY = (
    "UPDATE ai_budgets SET day = day - 1",
    "UPDATE ai_calls SET started_at = started_at - interval '1 day'",
    "UPDATE jobs SET next_attempt_at = now() WHERE status = 'RETRYING'",
    "UPDATE outbox SET available_at = now()",
)
"""Midnight has passed."""
REACHED = "SELECT to_status FROM job_transitions WHERE job_id = $1 ORDER BY sequence"


@pytest.fixture(scope="module")
def shared_fleet(postgres_server: Server, rabbitmq_server: Server, redis_server: Server) -> Iterator[Fleet]:
    """A gateway without workers."""
    settings = {"GENERATOR_CONCURRENCY": str(CONCURRENCY), "JOB_LEASE_S": "2"}
    with fleet(postgres_server, rabbitmq_server, redis_server, settings) as made:
        made.start("gateway")
        yield made


@pytest.fixture
def line(shared_fleet: Fleet) -> Iterator[Fleet]:
    """The fleet with no job, no worker and no fault of another test."""
    yield shared_fleet
    shared_fleet.heal()
    for name in [name for name in shared_fleet.services if name != "gateway"]:
        worker = shared_fleet.services.pop(name)
        if worker.alive:
            worker.signal(signal.SIGCONT)
            worker.kill()
    httpx.delete(f"{shared_fleet.sandbox.url}/_sandbox/ledger").raise_for_status()
    shared_fleet.rows("TRUNCATE jobs, entities, outbox, inbox, ai_budgets, ai_switch CASCADE")


def worker(fleet: Fleet, name: str, **settings: str) -> Service:
    """A generator, ready."""
    service = fleet.add("generator", name)
    service.start(**settings)
    return service


def statuses(fleet: Fleet, job_id: str) -> list[str]:
    return [row["to_status"] for row in fleet.rows(REACHED, job_id)]


def logged(service: Service, event: str) -> int:
    lines = service.log.read_text(errors="replace").splitlines()
    return sum(json.loads(line).get("event") == event for line in lines if line.startswith("{"))


def readiness(service: Service) -> tuple[int, dict[str, Any]]:
    answer = httpx.get(f"{service.url}/health/ready", timeout=5)
    return answer.status_code, {name: check["status"] for name, check in answer.json()["checks"].items()}


@pytest.mark.parametrize(("point", "attempts"), [("consumer.after_delivery", 1), ("consumer.after_claim", 2)])
def test_f31_a_worker_that_dies_around_its_claim_is_replaced(line: Fleet, point: str, attempts: int) -> None:
    victim = worker(line, "victim", FAULTS=f"{point}=exit137")
    job_id = accepted(line, SLUG)
    assert victim.ended() == 137

    worker(line, "heir")
    (document,) = ended(line, [job_id])

    assert (document["status"], attempts_of(line, job_id)) == ("DONE", attempts)
    assert statuses(line, job_id) == ["PENDING", *["PROCESSING"] * attempts, "DONE"]
    assert texts_of(line, [job_id]) == len(line.calls("openai")) == 1


def test_f35_a_worker_that_dies_before_its_ack_has_done_its_work(line: Fleet) -> None:
    victim = worker(line, "victim", FAULTS="consumer.before_ack=exit137")
    job_id = accepted(line, SLUG)
    assert victim.ended() == 137
    done = statuses(line, job_id)

    heir = worker(line, "heir")
    heir.terminate()

    assert done == statuses(line, job_id) == ["PENDING", "PROCESSING", "DONE"]
    assert line.rows("SELECT count(*) FROM inbox WHERE consumer = 'generator'")[0]["count"] == 1
    assert texts_of(line, [job_id]) == len(line.calls("openai")) == 1


def test_f36_a_worker_that_slept_through_its_lease_is_refused(line: Fleet) -> None:
    sleeper = worker(line, "sleeper")
    line.fault(provider="openai", title=TITLE, fault="hold", times=1)
    job_id = accepted(line, SLUG)
    open_calls(line, 1)
    sleeper.signal(signal.SIGSTOP)

    worker(line, "heir")
    (document,) = ended(line, [job_id])
    newer = line.rows("SELECT result, version FROM jobs, entities WHERE jobs.id = $1", job_id)
    line.heal()
    sleeper.signal(signal.SIGCONT)
    wait_until(lambda: logged(sleeper, "attempt.discarded") > 0, "the sleeper's late attempt")

    assert (document["status"], attempts_of(line, job_id)) == ("DONE", 2)
    assert line.rows("SELECT result, version FROM jobs, entities WHERE jobs.id = $1", job_id) == newer
    assert texts_of(line, [job_id]) == 1
    assert statuses(line, job_id) == ["PENDING", "PROCESSING", "PROCESSING", "DONE"]


def test_f37_a_limit_that_one_attempt_met_holds_the_others_back(line: Fleet) -> None:
    line.fault(provider="openai", title=TITLE, fault="throttle", times=1, retry_after_s=4)
    busy = worker(line, "busy")
    first = accepted(line, SLUG)
    open_calls(line, 1)

    others = [accepted(line, slug) for slug in OTHERS]
    documents = ended(line, [first, *others])

    calls = line.calls("openai")
    pauses_ms = [call["at_monotonic_ms"] - calls[0]["at_monotonic_ms"] for call in calls[1:]]
    assert [document["status"] for document in documents] == ["DONE"] * 6
    assert {attempts_of(line, job_id) for job_id in (first, *others)} == {1}
    assert len(calls) == 7
    assert min(pauses_ms) > 3500
    assert readiness(busy) == (200, readiness(busy)[1] | {"ai": "ok"})


def test_f38_a_provider_that_keeps_failing_is_given_a_rest(line: Fleet) -> None:
    line.fault(provider="openai", fault="error", status=503)
    patient = worker(line, "patient", JOB_RETRY_LADDER_S="3")
    first = [accepted(line, slug) for slug in OTHERS]
    open_calls(line, len(OTHERS))
    wait_until(lambda: readiness(patient)[1]["ai"] == "degraded", "the pause")
    retrying = [job(line, job_id) for job_id in first]

    late = accepted(line, SLUG)
    code, _ = readiness(patient)
    calls_while_paused = len(line.calls("openai"))
    line.heal()
    documents = ended(line, [*first, late])

    assert {document["status"] for document in retrying} == {"RETRYING"}
    assert (code, calls_while_paused) == (200, len(OTHERS))
    assert [document["status"] for document in documents] == ["DONE"] * 6
    assert attempts_of(line, late) == 1
    assert (logged(patient, "ai.paused"), logged(patient, "ai.recovered")) == (1, 1)


def test_f40_a_refused_key_alerts_once_and_pauses_consumption(line: Fleet) -> None:
    line.fault(provider="openai", fault="error", status=401)
    refused = worker(line, "refused")
    first = accepted(line, SLUG)
    open_calls(line, 1)
    wait_until(lambda: readiness(refused)[1]["ai"] == "degraded", "the pause")

    others = [accepted(line, slug) for slug in OTHERS]
    wait_until(lambda: line.rows("SELECT count(*) FROM outbox WHERE target_queue = ''")[0]["count"] == 0, "the relay")
    waiting = job(line, first)
    untouched = [statuses(line, job_id) for job_id in others]
    code, _ = readiness(refused)
    exit_status = refused.terminate()
    line.heal()
    worker(line, "mended")
    documents = ended(line, [first, *others])

    assert (waiting["status"], waiting["error"]) == ("RETRYING", None)
    assert (code, exit_status, logged(refused, "ai.refused")) == (200, 0, 1)
    assert untouched == [["PENDING"]] * len(others)
    assert [document["status"] for document in documents] == ["DONE"] * 6
    assert {attempts_of(line, job_id) for job_id in (first, *others)} == {1}
    assert len(line.calls("openai")) == 7


def five_jobs(fleet: Fleet, deadline: str) -> list[str]:
    """Jobs that nobody works on yet, and that may take until `deadline`."""
    job_ids = [accepted(fleet, slug) for slug in OTHERS]
    fleet.rows(f"UPDATE jobs SET deadline_at = {deadline}")  # noqa: S608 (SQL of this file)
    return job_ids


def done(fleet: Fleet) -> int:
    return int(fleet.rows("SELECT count(*) FROM jobs WHERE status = 'DONE'")[0]["count"])


def test_f45_at_the_cap_of_the_day_no_further_call_is_made_and_jobs_that_cannot_wait_fail(line: Fleet) -> None:
    job_ids = five_jobs(line, "date_trunc('day', now(), 'UTC') + interval '1 day' - interval '1 second'")

    worker(line, "capped", AI_BUDGET_DAILY_CALLS=str(CAP))
    documents = ended(line, job_ids)

    errors = [document["error"]["type"] for document in documents if document["status"] == "FAILED"]
    assert sorted(document["status"] for document in documents) == ["DONE"] * CAP + ["FAILED"] * 3
    assert errors == ["BUDGET_EXHAUSTED"] * 3
    assert texts_of(line, job_ids) == len(line.calls("openai")) == CAP


def test_f45_jobs_that_may_wait_until_the_budget_renews_are_done_then(line: Fleet) -> None:
    job_ids = five_jobs(line, "now() + interval '30 hours'")
    worker(line, "capped", AI_BUDGET_DAILY_CALLS=str(CAP))
    waiting = "SELECT next_attempt_at, attempt FROM jobs WHERE status = 'RETRYING'"
    wait_until(lambda: (done(line), len(line.rows(waiting))) == (CAP, 3), "the cap")
    due, calls_before = line.rows(waiting), len(line.calls("openai"))
    midnight = line.rows("SELECT date_trunc('day', now(), 'UTC') + interval '1 day' AS at")[0]["at"]

    for finished in (2 * CAP, len(job_ids)):
        for statement in A_LATER_DAY:
            line.rows(statement)
        wait_until(lambda count=finished: done(line) == count, "the calls of another day")
    documents = ended(line, job_ids)

    assert all(timedelta(0) <= row["next_attempt_at"] - midnight < timedelta(seconds=60) for row in due)
    assert ({row["attempt"] for row in due}, calls_before) == ({0}, CAP)
    assert [document["status"] for document in documents] == ["DONE"] * 5
    assert {attempts_of(line, job_id) for job_id in job_ids} == {1}
    assert texts_of(line, job_ids) == len(line.calls("openai")) == 5
