"""PostgreSQL that loses answers, restarts, stalls and deadlocks, and Redis that forgets."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError
from tests.faults.settling import Settling
from tests.integration.gateway.world import MATRIX, World, eventually, running, settings_for
from tests.support import migrating, servers
from tests.support.jobs import store_generation
from tests.support.locks import waits_for_lock
from tests.support.processes import Server
from tests.support.proxy import Proxy, proxied

from shared.db.engine import MAX_TRIES, Database, Transaction
from shared.db.tables import jobs
from shared.errors import Unavailable

POOL, POOL_WAIT_S = 2, 0.5
BUSY_S = 30.0
"""Longer than a server that is asked by fifty clients takes on a busy machine; shorter than a caller's patience."""
LINGER = """
    CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1.5); RETURN NULL; END'
"""
LINGERS = """
    CREATE CONSTRAINT TRIGGER linger AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION linger()
"""
COMMITTING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'")
FLAKY = """
    CREATE FUNCTION flaky(times int, code text) RETURNS void LANGUAGE plpgsql AS
    'BEGIN IF nextval(''tries'') <= times THEN RAISE EXCEPTION ''again'' USING ERRCODE = code; END IF; END'
"""


async def slow_commits(database: Database, table: str) -> None:
    """Commits that wrote `table` take long enough for a test to break something in the middle of one."""
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql(LINGER)
        await connection.exec_driver_sql(LINGERS.format(table=table))


async def in_commit(database: Database) -> None:
    """Return while a transaction is committing."""

    async def committing() -> bool:
        return bool((await database.read(COMMITTING)).scalar_one())

    await eventually(committing, BUSY_S)


@pytest.fixture
def wire(database_url: str) -> Iterator[Proxy]:
    """What lies between a process and the test's database."""
    with proxied(database_url) as proxy:
        yield proxy


@pytest.fixture
async def behind_wire(wire: Proxy) -> AsyncIterator[Database]:
    async with Database.open(wire.url, "tests") as database:
        yield database


async def test_f55_an_effect_whose_commit_was_not_confirmed_is_found_and_not_repeated(
    database: Database, behind_wire: Database, wire: Proxy
) -> None:
    job = await store_generation(database)
    settling = Settling(behind_wire)
    await slow_commits(database, "inbox")

    delivery = asyncio.create_task(settling.deliver(job))
    await in_commit(database)
    wire.cut()
    await asyncio.wait_for(delivery, BUSY_S)

    assert (settling.worked, settling.acked) == ([job.id], [job.id])
    assert await settling.states(job) == ["PENDING", "PROCESSING", "DONE"]


async def test_f55_a_request_whose_commit_was_not_confirmed_is_found_by_its_key(
    database: Database, wire: Proxy, redis_url: str
) -> None:
    await slow_commits(database, "job_callers")
    async with running(settings_for(wire.url, redis_url), database) as world:
        request = asyncio.create_task(world.post(MATRIX, Idempotency_Key="lost-commit-0001"))
        await in_commit(database)
        wire.cut()
        lost = await request
        found = await world.post(MATRIX, Idempotency_Key="lost-commit-0001")

    assert (lost.status_code, lost.json()["dependency"]) == (503, "postgres")
    assert (found.status_code, found.headers["idempotent-replayed"]) == (202, "true")
    assert (await database.read(select(func.count()).select_from(jobs))).scalar_one() == 1


@pytest.fixture
def own_postgres() -> Iterator[Server]:
    server = servers.start_postgres()
    migrating.upgrade(server.url)
    yield server
    server.stop()


async def test_f55_a_restart_in_the_middle_of_a_commit_costs_no_attempt(own_postgres: Server) -> None:
    async with Database.open(own_postgres.url, "tests") as database:
        job = await store_generation(database)
        settling = Settling(database)
        await slow_commits(database, "inbox")

        delivery = asyncio.create_task(settling.deliver(job))
        await in_commit(database)
        await asyncio.to_thread(own_postgres.kill)
        await asyncio.to_thread(own_postgres.start)
        await asyncio.wait_for(delivery, 2 * BUSY_S)

        assert (settling.worked, settling.acked) == ([job.id] * 2, [job.id])
        assert await settling.states(job) == ["PENDING", "PROCESSING", "DONE"]


async def test_f56_with_every_connection_taken_callers_wait_briefly_and_probes_answer(
    database: Database, database_url: str, redis_url: str
) -> None:
    settings = settings_for(database_url, redis_url, database_pool_size=POOL, database_pool_wait_s=POOL_WAIT_S)
    async with running(settings, database) as world:
        await world.accepted()  # a request like this has been served before, and its key is known
        async with database.engine.connect() as connection, connection.begin():
            await connection.exec_driver_sql("LOCK TABLE jobs IN SHARE ROW EXCLUSIVE MODE")
            asked = asyncio.gather(*(world.post({**MATRIX, "slug": f"film-{number}-1999"}) for number in range(50)))
            await eventually(lambda: waits_for_lock(database), BUSY_S)
            async with asyncio.timeout(BUSY_S):
                live = await world.client.get("/health/live")
                ready = await world.client.get("/health/ready")
                answered_meanwhile = not asked.done()
                answers = await asked
        afterwards = await world.post(MATRIX)

    assert answered_meanwhile
    assert live.status_code == 200
    assert (ready.status_code, ready.json()["checks"]["postgres"]["status"]) in {(200, "ok"), (503, "error")}
    assert {answer.status_code for answer in answers} == {503}
    assert {answer.json()["dependency"] for answer in answers} == {"postgres"}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers)
    assert afterwards.status_code == 202


async def test_f57_two_transactions_that_deadlock_both_succeed(database: Database) -> None:
    first, second = await store_generation(database), await store_generation(database, "heat-1995")
    both_hold_one, tries = asyncio.Barrier(2), list[str]()

    async def write(name: str, *order: object) -> None:
        async def work(tx: Transaction) -> None:
            tries.append(name)
            for number, job_id in enumerate(order):
                await tx.execute(update(jobs).where(jobs.c.id == job_id).values(confidence=func.coalesce(1.0)))
                if number == 0 and tries.count(name) == 1:
                    await both_hold_one.wait()

        await database.run(work)

    async with asyncio.timeout(BUSY_S):
        await asyncio.gather(write("up", first.id, second.id), write("down", second.id, first.id))

    assert sorted(tries) in (["down", "down", "up"], ["down", "up", "up"])


@pytest.mark.parametrize("code", ["40001", "40P01"])
async def test_f57_a_conflict_is_tried_three_times_and_no_more(database: Database, code: str) -> None:
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql("CREATE SEQUENCE tries")
        await connection.exec_driver_sql(FLAKY)

    async def conflicts(times: int) -> int:
        async def work(tx: Transaction) -> None:
            await tx.execute(text("SELECT flaky(:times, :code)"), {"times": times, "code": code})

        await database.read(text("SELECT setval('tries', 1, false)"))
        await database.run(work)
        return (await database.read(text("SELECT last_value FROM tries"))).scalar_one()

    assert await conflicts(times=MAX_TRIES - 1) == MAX_TRIES
    with pytest.raises((DBAPIError, Unavailable)):
        await conflicts(times=MAX_TRIES)

    assert (await database.read(text("SELECT last_value FROM tries"))).scalar_one() == MAX_TRIES


@pytest.fixture
def own_redis() -> Iterator[Server]:
    server = servers.start_redis()
    yield server
    server.stop()


async def asked_at_once(world: World, count: int) -> set[tuple[int, str]]:
    answers = await asyncio.gather(*(world.post(MATRIX) for _ in range(count)))
    return {(answer.status_code, answer.json()["job_id"]) for answer in answers}


async def test_f59_identities_and_reads_survive_a_redis_that_forgets_and_dies(
    database: Database, database_url: str, own_redis: Server
) -> None:
    async with (
        running(settings_for(database_url, own_redis.url), database) as world,
        Redis.from_url(own_redis.url) as redis,
    ):
        await world.store_entity("heat-1995")
        answers = set[tuple[int, str]]()
        for _ in range(5):
            asked = asyncio.create_task(asked_at_once(world, 20))
            while not asked.done():
                await redis.flushall()
            answers |= await asked
        await asyncio.to_thread(own_redis.kill)
        answers |= await asked_at_once(world, 20)
        shown = [await world.client.get("/api/v1/movies/heat-1995") for _ in range(5)]
        await asyncio.to_thread(own_redis.start)
        answers |= await asked_at_once(world, 20)

    of_matrix = select(jobs.c.id).where(jobs.c.slug == MATRIX["slug"])
    job_id = str((await database.read(of_matrix)).scalar_one())
    assert answers == {(202, job_id)}
    assert len({answer.json()["job_id"] for answer in shown}) == 1
    assert {answer.status_code for answer in shown} == {202}
