"""Keys that are busy, malformed or expired, and callers who wait or leave: F10, F12, F13, F16, F17."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from tests.integration.gateway.world import MATRIX, World, eventually, listening, running, settings_for

from gateway.adapters.completions import POLL_S
from gateway.parts import Running
from shared.db.engine import Database
from shared.db.tables import outbox

KEY = "order-2026-11-20"
WAITING = text(
    "SELECT count(*) FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted AND pid IN (SELECT pid FROM pg_stat_activity"
    " WHERE datname = current_database())"
)
"""Who waits for another transaction: the second request, for the key of the first. A relay waits for the table, and does not count."""

BUSY = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'gateway'"
    " AND state LIKE 'idle in transaction%'"
)
WAITERS = 1000
ROUNDS = 3
POSTS = 100
SETTLED_S = 3 * POLL_S


@pytest.fixture
async def world(database_url: str, redis_url: str, database: Database) -> AsyncIterator[World]:
    async with running(settings_for(database_url, redis_url), database) as world:
        yield world


@pytest.fixture
async def live(database_url: str, redis_url: str, database: Database) -> AsyncIterator[World]:
    async with listening(settings_for(database_url, redis_url), database) as (world, _):
        yield world


async def test_f10_a_key_in_use_for_a_moment_is_replayed(world: World, database: Database) -> None:
    async def the_second_waits() -> bool:
        return int((await world.database.read(WAITING)).scalar_one()) == 1

    async with database.engine.begin() as blocking:
        await blocking.execute(text(f"LOCK TABLE {outbox.name} IN ACCESS EXCLUSIVE MODE"))
        posts = [asyncio.create_task(world.post(MATRIX, idempotency_key=KEY)) for _ in range(2)]
        await eventually(the_second_waits)
    answers = await asyncio.gather(*posts)

    assert [answer.status_code for answer in answers] == [202, 202]
    assert len({answer.json()["job_id"] for answer in answers}) == 1
    assert sorted("idempotent-replayed" in answer.headers for answer in answers) == [False, True]
    assert await world.count("jobs") == 1


@pytest.mark.parametrize("key", [b"", b"bell-\x07-key", b"nul-\x00-key", b"del-\x7f-key", b"tab-\t-key-1"])
async def test_f12_a_key_with_control_characters_stores_nothing(world: World, key: bytes) -> None:
    headers = [(b"x-api-key", world.key.key.encode()), (b"idempotency-key", key)]

    response = await world.client.post("/api/v1/generate", json=MATRIX, headers=headers)

    assert (response.status_code, response.json()["type"]) == (400, "urn:moviemind:problem:idempotency-key-invalid")
    assert (await world.count("jobs"), await world.count("idempotency_keys")) == (0, 0)


async def test_f13_an_expired_key_of_a_finished_job_makes_a_new_one(world: World) -> None:
    first = await world.accepted(idempotency_key=KEY)
    await world.finish(first)
    await world.execute("UPDATE idempotency_keys SET expires_at = expires_at - interval '25 hours'")

    again = await world.post(MATRIX, idempotency_key=KEY)

    assert (again.status_code, "idempotent-replayed" in again.headers) == (202, False)
    assert again.json()["job_id"] != str(first)
    assert (await world.count("jobs"), await world.count("idempotency_keys")) == (2, 1)


async def test_f16_callers_who_leave_take_no_connection_and_no_listener_with_them(live: World) -> None:
    running: Running = live.app.state.running
    job_id = await live.accepted()
    waiting = [asyncio.create_task(live.job(job_id, prefer="wait=30")) for _ in range(50)]

    async def all_wait() -> bool:
        return running.completions.waiters == len(waiting)

    async def nobody_waits() -> bool:
        return running.completions.waiters == running.completions.watching == 0

    await eventually(all_wait)
    for task in waiting:
        task.cancel()
    await eventually(nobody_waits, within_s=1)

    assert int((await live.database.read(BUSY)).scalar_one()) == 0
    assert (await live.job(job_id)).json()["status"] == "PENDING"
    assert await live.count("jobs") == 1


@pytest.mark.slow
async def test_f17_a_thousand_waiters_do_not_slow_accepting_down(world: World) -> None:
    """The best of several rounds on each side, taken in turns: other load on the machine only adds to a figure."""
    running: Running = world.app.state.running
    job_id = await world.accepted()
    alone: list[float] = []
    crowded: list[float] = []

    async def all_wait() -> bool:
        """Whoever asks for a connection after them gets it after them: their first looks at the job are over."""
        return running.completions.waiters == WAITERS and (await world.job(job_id)).status_code == 200

    for turn in range(ROUNDS):
        alone.append(await p99_of_accepting(world, f"alone-{turn}"))
        waiting = [asyncio.create_task(world.job(job_id, prefer="wait=60")) for _ in range(WAITERS)]
        await eventually(all_wait, within_s=60)
        crowded.append(await p99_of_accepting(world, f"crowded-{turn}"))
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    assert min(crowded) <= 2 * min(alone), (alone, crowded)


async def p99_of_accepting(world: World, name: str) -> float:
    """Seconds, over the last requests of those that come four at a time, long enough for waiters to have settled down."""

    async def post(number: int) -> float:
        began = time.perf_counter()
        answer = await world.post({**MATRIX, "slug": f"{name}-{number}-1999"})
        assert answer.status_code == 202
        return time.perf_counter() - began

    began, latencies = time.perf_counter(), list[float]()
    while len(latencies) < POSTS or time.perf_counter() - began < SETTLED_S:
        first = len(latencies)
        latencies += await asyncio.gather(*(post(number) for number in range(first, first + 4)))
    return statistics.quantiles(latencies[-POSTS:], n=100)[98]
