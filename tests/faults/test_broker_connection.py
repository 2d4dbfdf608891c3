"""The connection to the broker, or the broker itself, goes away: F19, F20, F21."""

import asyncio
import time

import aio_pika
import httpx
import pytest
from tests.faults.conftest import CONCURRENCY, Field
from tests.support.driving import FILMS, accepted, attempts_of, ended, open_calls, settle, texts_of
from tests.support.fleet import Service
from tests.support.processes import wait_until

from shared.topology import GENERATION_REQUESTS

pytestmark = [pytest.mark.rabbit, pytest.mark.slow, pytest.mark.timeout(300)]
BACK_S = 30.0
QUEUE = GENERATION_REQUESTS.name


def delete_queue(url: str, name: str) -> None:
    async def delete() -> None:
        async with await aio_pika.connect(url, timeout=10) as connection:
            await (await connection.channel()).queue_delete(name)

    asyncio.run(delete())


def counts(url: str, name: str) -> tuple[int, int]:
    """(ready messages, consumers) of a queue."""

    async def look() -> tuple[int, int]:
        async with await aio_pika.connect(url, timeout=10) as connection:
            found = (await (await connection.channel()).declare_queue(name, passive=True)).declaration_result
            return found.message_count or 0, found.consumer_count or 0

    return asyncio.run(look())


def test_f19_a_broker_that_restarts_loses_no_message_queued_or_unacked(field: Field) -> None:
    fleet = field.fleet
    before = len(fleet.calls("openai"))
    fleet.fault(provider="openai", title="*", fault="none", delay_s=2.0)
    jobs = [accepted(fleet, slug) for slug in FILMS]
    open_calls(fleet, before + CONCURRENCY)

    field.broker.kill()
    field.broker.start()
    back_at = time.monotonic()

    wait_until(lambda: all(service.ready() for service in fleet.services.values()), "every consumer", BACK_S)
    assert time.monotonic() - back_at < BACK_S
    assert {document["status"] for document in ended(fleet, jobs)} == {"DONE"}
    assert texts_of(fleet, jobs) == len(fleet.calls("openai")) - before == len(jobs)
    assert {attempts_of(fleet, job_id) for job_id in jobs} == {1}
    settle(fleet)


def test_f20_jobs_whose_queue_was_deleted_are_sent_again(field: Field) -> None:
    fleet, generator = field.fleet, field.fleet.services["generator"]
    generator.kill()
    jobs = [accepted(fleet, slug, locale="pl-PL") for slug in FILMS]
    wait_until(lambda: counts(field.broker.url, QUEUE)[0] == len(jobs), "the messages")

    delete_queue(field.broker.url, QUEUE)
    generator.start()
    fleet.rows("UPDATE jobs SET updated_at = now() - interval '1 minute' WHERE status = 'PENDING'")

    assert {document["status"] for document in ended(fleet, jobs)} == {"DONE"}
    assert texts_of(fleet, jobs) == len(jobs)
    assert {attempts_of(fleet, job_id) for job_id in jobs} == {1}
    settle(fleet)


def test_f20_a_queue_deleted_under_its_consumer_comes_back_with_all_its_bindings(field: Field) -> None:
    fleet = field.fleet
    fleet.fault(provider="openai", title="Alien", fault="error", status=503, times=1)

    delete_queue(field.broker.url, QUEUE)
    job_id = accepted(fleet, "alien-1979", locale="de-DE")

    (document,) = ended(fleet, [job_id])
    assert (document["status"], attempts_of(fleet, job_id)) == ("DONE", 2)
    assert counts(field.broker.url, QUEUE) == (0, 1)
    settle(fleet)


def test_f21_a_silent_network_is_noticed_and_its_redelivery_changes_nothing(field: Field) -> None:
    fleet = field.fleet
    before = len(fleet.calls("openai"))
    fleet.fault(provider="openai", title="*", fault="none", delay_s=2.0)
    jobs = [accepted(fleet, slug, locale="fr-FR") for slug in FILMS[:CONCURRENCY]]
    open_calls(fleet, before + CONCURRENCY)

    field.to_broker.silence()
    ended(fleet, jobs)
    generator = fleet.services["generator"]
    wait_until(lambda: not generator.ready(), "the loss to be noticed", BACK_S)
    wait_until(lambda: counts(field.broker.url, QUEUE) == (CONCURRENCY, 0), "the redelivery", BACK_S)
    late = accepted(fleet, FILMS[-1], locale="fr-FR")
    field.to_broker.heal()

    assert {document["status"] for document in ended(fleet, [*jobs, late])} == {"DONE"}
    wait_until(generator.ready, "the generator", BACK_S)
    assert texts_of(fleet, jobs) == len(jobs)
    assert len(fleet.calls("openai")) - before == len(jobs) + 1
    assert {attempts_of(fleet, job_id) for job_id in jobs} == {1}
    settle(fleet)


def test_a_worker_is_ready_only_while_the_broker_lists_its_consumers(field: Field) -> None:
    generator = field.fleet.services["generator"]
    generator.kill()
    field.to_broker.refuse()

    generator.spawn()
    wait_until(lambda: lives(generator), "the probes")
    without_broker = httpx.get(f"{generator.url}/health/ready", timeout=10)
    field.to_broker.heal()
    generator.wait_ready()

    assert (without_broker.status_code, without_broker.json()["checks"]["consumers"]) == (503, {"status": "error"})
    assert counts(field.broker.url, QUEUE)[1] == counts(field.broker.url, GENERATION_REQUESTS.dead_name)[1] == 1


def lives(service: Service) -> bool:
    assert service.alive, service.tail()
    try:
        return httpx.get(f"{service.url}/health/live", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def test_while_postgres_is_away_nothing_is_acked_parked_or_counted(field: Field) -> None:
    fleet, generator = field.fleet, field.fleet.services["generator"]
    before = len(fleet.calls("openai"))
    fleet.fault(provider="openai", title="*", fault="none", delay_s=4.0)  # none ends before the outage is noticed
    jobs = [accepted(fleet, slug, locale="es-ES") for slug in FILMS]
    open_calls(fleet, before + CONCURRENCY)

    field.to_postgres.refuse()
    wait_until(lambda: postgres_of(generator.url) == "error", "the outage to be noticed")
    held = counts(field.broker.url, QUEUE)
    parked = counts(field.broker.url, GENERATION_REQUESTS.dead_name)[0]
    field.to_postgres.heal()

    assert (held, parked) == ((len(jobs) - CONCURRENCY, 1), 0)
    assert {document["status"] for document in ended(fleet, jobs)} == {"DONE"}
    assert texts_of(fleet, jobs) == len(jobs)
    assert fleet.rows("SELECT 1 FROM dead_letters") == []
    settle(fleet)


def postgres_of(url: str) -> str:
    return str(httpx.get(f"{url}/health/ready", timeout=20).json()["checks"]["postgres"]["status"])
