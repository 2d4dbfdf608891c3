"""A broker that is short of memory stops reading from those who publish: F24."""

import asyncio
import time
from collections.abc import Generator
from contextlib import contextmanager

import aio_pika
import httpx
import pytest
from pydantic import SecretStr
from tests.faults.conftest import Field
from tests.integration.gateway.world import eventually, running, settings_for
from tests.support.driving import FILMS, accepted, ended, job, settle, texts_of
from tests.support.processes import Server as RunningServer
from tests.support.processes import wait_until
from tests.support.rabbitmqctl import rabbitmqctl

from embedded_amqp import Server, Settings
from shared.db.engine import Database
from shared.messaging.broker import declare_topology
from shared.outbox.relay import PUBLISH_S

pytestmark = [pytest.mark.rabbit, pytest.mark.slow, pytest.mark.timeout(300)]
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def broker(rabbitmq_server: RunningServer) -> RunningServer:
    """RabbitMQ; the embedded broker has a test of its own."""
    return rabbitmq_server


@contextmanager
def short_of_memory(broker: RunningServer) -> Generator[None]:
    rabbitmqctl(broker, "set_vm_memory_high_watermark", "0.0001")
    try:
        yield
    finally:
        rabbitmqctl(broker, "set_vm_memory_high_watermark", "0.4")


def test_f24_a_memory_alarm_pauses_the_relays_and_nobody_else(field: Field) -> None:
    fleet, generator = field.fleet, field.fleet.services["generator"]
    generator.kill()
    queued = [accepted(fleet, slug) for slug in FILMS]
    wait_until(lambda: not fleet.rows("SELECT 1 FROM outbox"), "the messages")

    with short_of_memory(field.broker):
        began = time.monotonic()
        waiting = [accepted(fleet, slug, locale="pl-PL") for slug in FILMS]
        accepting_s = time.monotonic() - began
        generator.start()

        assert {document["status"] for document in ended(fleet, queued)} == {"DONE"}
        assert accepting_s < len(FILMS) * PUBLISH_S
        assert {job(fleet, job_id)["status"] for job_id in waiting} == {"PENDING"}
        fleet.rows("UPDATE outbox SET available_at = now() - interval '31 s'")
        ready = httpx.get(f"{fleet.services['gateway'].url}/health/ready", timeout=10)
        assert (ready.status_code, ready.json()["checks"]["outbox"]) == (200, {"status": "degraded"})

    assert {document["status"] for document in ended(fleet, waiting)} == {"DONE"}
    assert texts_of(fleet, [*queued, *waiting]) == 2 * len(FILMS)
    settle(fleet)


async def test_f24_accepting_goes_on_while_the_embedded_broker_is_short_of_memory(
    database_url: str, redis_url: str, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        Server(Settings(memory_limit_bytes=MIB)) as server,
        await aio_pika.connect(server.url) as filling,
        await aio_pika.connect(server.url) as relieving,
    ):
        await declare_topology(server.url, "tests")
        ballast = await (await relieving.channel()).declare_queue("ballast")
        settings = settings_for(database_url, redis_url, rabbitmq_url=SecretStr(server.url))
        async with running(settings, database) as world:

            async def connected() -> bool:
                checks = (await world.client.get("/health/ready")).json()["checks"]
                return bool(checks["rabbitmq"]["status"] == "ok")

            async def paused() -> bool:
                return any("gateway-relay" in line and "was blocked" in line for line in caplog.messages)

            async def drained() -> bool:
                return await world.count("outbox") == 0

            await eventually(connected, within_s=20)
            await (await filling.channel()).default_exchange.publish(aio_pika.Message(b"x" * 2 * MIB), ballast.name)

            await world.accepted()
            await eventually(paused, within_s=20)
            bodies = [{"entity_type": "MOVIE", "slug": f"film-{number}-1999"} for number in range(20)]
            answers = await asyncio.gather(*(world.post(body) for body in bodies))
            kept = await world.count("outbox")

            await ballast.purge()
            await eventually(drained, within_s=30)

    assert {answer.status_code for answer in answers} == {202}
    assert kept >= len(bodies)
