"""Deliveries that repeat, come back, or kill: F27, F28, F29, F30."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel
from tests.faults.conftest import CONCURRENCY, Field
from tests.support.driving import accepted, attempts_of, ended, open_calls, settle, texts_of
from tests.support.processes import wait_until
from tests.support.rabbitmqctl import rabbitmqctl

from shared.topology import GENERATION_REQUESTS

pytestmark = [pytest.mark.rabbit, pytest.mark.slow, pytest.mark.timeout(300)]
T = TypeVar("T")
QUEUE = GENERATION_REQUESTS.name
FILMS = (
    "alien-1979",
    "aliens-1986",
    "fargo-1996",
    "heat-1995",
    "zodiac-2007",
    "se7en-1995",
    "arrival-2016",
    "sicario-2015",
)
COPIES = 10


def on_channel(url: str, work: Callable[[AbstractChannel], Coroutine[Any, Any, T]]) -> T:
    async def run() -> T:
        async with await aio_pika.connect(url, timeout=10) as connection:
            return await work(await connection.channel())

    return asyncio.run(run())


def waiting(url: str) -> int:
    """Messages that are ready in the queue."""

    async def look(channel: AbstractChannel) -> int:
        return (await channel.declare_queue(QUEUE, passive=True)).declaration_result.message_count or 0

    return on_channel(url, look)


async def copy(channel: AbstractChannel) -> None:
    """Put the only message of the queue back ten times."""
    queue = await channel.get_queue(QUEUE, ensure=False)
    message = await queue.get(timeout=10)
    assert message is not None
    for _ in range(COPIES):
        again = aio_pika.Message(
            message.body,
            headers=message.headers,
            message_id=message.message_id,
            correlation_id=message.correlation_id,
            content_type=message.content_type,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )
        await channel.default_exchange.publish(again, QUEUE)
    await message.ack()


async def redelivered(channel: AbstractChannel) -> list[bool]:
    """Of each message in the queue whether it was delivered before; all stay where they are."""
    queue = await channel.get_queue(QUEUE, ensure=False)
    found: list[bool] = []
    while (message := await queue.get(timeout=10, fail=False)) is not None:
        found.append(bool(message.redelivered))
    return found


def test_f27_ten_copies_of_an_event_make_one_text_and_one_call(field: Field) -> None:
    fleet, generator = field.fleet, field.fleet.services["generator"]
    fleet.fault(provider="openai", title="*", fault="none", delay_s=1.0)
    before = len(fleet.calls("openai"))
    generator.kill()
    job_id = accepted(fleet, "whiplash-2014")
    wait_until(lambda: waiting(field.broker.url) == 1, "the message")

    on_channel(field.broker.url, copy)
    generator.start()

    (document,) = ended(fleet, [job_id])
    settle(fleet)
    wait_until(lambda: waiting(field.broker.url) == 0, "the copies")
    assert (document["status"], attempts_of(fleet, job_id), texts_of(fleet, [job_id])) == ("DONE", 1, 1)
    assert len(fleet.calls("openai")) - before == 1
    assert fleet.rows("SELECT count(*) FROM inbox WHERE consumer = 'generator'") == [{"count": jobs_done(field)}]


def jobs_done(field: Field) -> int:
    return int(field.fleet.rows("SELECT count(*) FROM jobs WHERE status = 'DONE'")[0]["count"])


def test_f28_an_orderly_stop_costs_what_was_prefetched_no_attempt(field: Field) -> None:
    fleet, generator = field.fleet, field.fleet.services["generator"]
    fleet.fault(provider="openai", title="*", fault="none", delay_s=2.0)
    before = len(fleet.calls("openai"))
    jobs = [accepted(fleet, slug) for slug in FILMS]
    open_calls(fleet, before + CONCURRENCY)

    status = generator.terminate()
    rows = fleet.rows("SELECT status, attempt FROM jobs WHERE id = ANY($1::uuid[])", jobs)
    returned = on_channel(field.broker.url, redelivered)
    generator.start()

    assert status == 0
    untouched = [row for row in rows if row["status"] == "PENDING"]
    assert {row["attempt"] for row in untouched} == {0}
    assert len(untouched) == len(returned) == len(jobs) - CONCURRENCY
    assert any(returned)
    assert {document["status"] for document in ended(fleet, jobs)} == {"DONE"}
    assert {attempts_of(fleet, job_id) for job_id in jobs} == {1}
    assert len(fleet.calls("openai")) - before == len(jobs)
    settle(fleet)


def test_f29_start_refuses_an_ai_deadline_that_the_broker_would_not_wait_for(field: Field) -> None:
    generator = field.fleet.services["generator"]
    environment = {**generator.environment, "PATH": os.environ["PATH"], "OPENAI_TIMEOUT_S": "1740"}

    started = subprocess.run(
        [sys.executable, "-m", "generator"], env=environment, capture_output=True, text=True, timeout=60, check=False
    )

    assert started.returncode == 2
    assert re.fullmatch(r"moviemind: \w+: OPENAI_TIMEOUT_S must be below 1740, .*\n", started.stderr)


def test_f29_a_delivery_taken_back_during_the_call_finds_the_live_lease_and_waits(field: Field) -> None:
    if field.broker.name != "RabbitMQ":
        pytest.skip("the embedded broker takes no delivery back from a live connection")
    fleet, generator = field.fleet, field.fleet.services["generator"]
    before = len(fleet.calls("openai"))
    rabbitmqctl(field.broker, "eval", consumer_timeout(ms=2000, tick_ms=500))
    try:
        generator.terminate()
        generator.start()
        fleet.fault(provider="openai", title="*", fault="none", delay_s=8.0)
        job_id = accepted(fleet, "sicario-2015", locale="pl-PL")

        (document,) = ended(fleet, [job_id])
        settle(fleet)
    finally:
        rabbitmqctl(field.broker, "eval", consumer_timeout(ms=1_800_000, tick_ms=60_000))
        generator.terminate()
        generator.start()

    assert field.broker.directory is not None
    logs = "".join(path.read_text(errors="replace") for path in (field.broker.directory / "log").glob("*.log"))
    assert "timeout" in logs.lower()
    assert (document["status"], attempts_of(fleet, job_id), texts_of(fleet, [job_id])) == ("DONE", 1, 1)
    assert len(fleet.calls("openai")) - before == 1


def consumer_timeout(*, ms: int, tick_ms: int) -> str:
    """For channels opened from now on: how long a delivery may stay unacked, and how often the node looks."""
    return f"application:set_env(rabbit, consumer_timeout, {ms}), application:set_env(rabbit, channel_tick_interval, {tick_ms})."


def test_f30_of_the_neighbours_of_a_job_that_kills_its_worker_all_finish(field: Field) -> None:
    fleet, generator = field.fleet, field.fleet.services["generator"]
    fleet.fault(provider="openai", title="Jaws", fault="hold")
    fleet.fault(provider="openai", title="*", fault="none", delay_s=1.0)
    before = len(fleet.calls("openai"))
    poison = accepted(fleet, "jaws-1975", locale="de-DE")
    neighbours = [accepted(fleet, slug, locale="de-DE") for slug in FILMS]
    open_calls(fleet, before + CONCURRENCY)

    for crash in range(1, 4):
        open_calls(fleet, crash, "Jaws")
        if crash == 3:
            wait_until(lambda: not beside(field, poison), "the poison to be alone")
        generator.kill()
        generator.start()

    (failed,) = ended(fleet, [poison])
    assert {document["status"] for document in ended(fleet, neighbours)} == {"DONE"}
    assert texts_of(fleet, neighbours) == len(neighbours)
    assert (failed["status"], attempts_of(fleet, poison), len(fleet.calls("openai", "Jaws"))) == ("FAILED", 3, 3)
    letters = fleet.rows("SELECT job_id::text, origin FROM dead_letters")
    assert letters == [{"job_id": poison, "origin": "handler"}]
    settle(fleet)


def beside(field: Field, job_id: str) -> list[dict[str, Any]]:
    """Attempts that run while the job's does."""
    return field.fleet.rows(
        "SELECT id FROM jobs WHERE status = 'PROCESSING' AND lease_until > now() AND id <> $1", job_id
    )
