"""The hints of the broker, on every broker there is."""

import asyncio

import pytest
from pydantic import SecretStr
from tests.integration.gateway.world import World, eventually, listening, running, settings_for

from shared.db.engine import Database

pytestmark = pytest.mark.rabbit


async def test_a_cancellation_elsewhere_wakes_a_waiter_here(
    database_url: str, redis_url: str, database: Database, broker_url: str
) -> None:
    settings = settings_for(database_url, redis_url, rabbitmq_url=SecretStr(broker_url))
    async with running(settings, database) as here:

        async def connected() -> bool:
            ready = (await here.client.get("/health/ready")).json()
            return ready["checks"]["rabbitmq"]["status"] == "ok"

        await eventually(connected, within_s=20)
        job_id = await here.accepted()
        waiting = asyncio.create_task(here.job(job_id, prefer="wait=20"))

        async with running(settings_for(database_url, redis_url), database) as elsewhere:
            await elsewhere.cancel(job_id, here.key)

        assert (await waiting).json()["status"] == "CANCELLED"

        async def published() -> bool:
            return await here.count("outbox") == 0

        await eventually(published, within_s=10)


async def test_f04_accepting_and_reading_need_no_broker(live: World) -> None:
    job_id = await live.accepted()

    assert (await live.job(job_id)).status_code == 200
    assert await live.count("outbox") == 1
    ready = await live.client.get("/health/ready")
    assert (ready.status_code, ready.json()["checks"]["rabbitmq"]) == (200, {"status": "degraded"})


async def test_readiness_follows_the_broker(
    database_url: str, redis_url: str, database: Database, broker_url: str
) -> None:
    settings = settings_for(database_url, redis_url, rabbitmq_url=SecretStr(broker_url))
    async with listening(settings, database) as (world, _):

        async def ready() -> bool:
            checks = (await world.client.get("/health/ready")).json()["checks"]
            return {check["status"] for check in checks.values()} == {"ok"}

        await eventually(ready, within_s=20)
