"""The switch under load, what a worker does while it is off, and what is forgotten."""

import asyncio
from functools import partial
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update
from tests.support.jobs import store_generation

from gateway.adapters.postgres_ai_switch import PostgresAiSwitch
from generator.adapters.kill_switch import MAX_WAIT_S, KillSwitch
from generator.adapters.postgres_calls import PostgresCallJournal
from generator.ports import Answer, Budget, Call, Cap, Message, Prompt, Spent, Step
from shared import ids
from shared.db import ai_spending
from shared.db.attempts import PostgresAttempts
from shared.db.engine import Database, Transaction
from shared.db.sweep import Sweep
from shared.db.tables import ai_budgets, ai_calls
from shared.errors import Transient
from shared.health import CheckStatus
from shared.jobs import Attempt, AttemptPolicy
from shared.testing.clock import FakeClock
from shared.topology import GENERATION_REQUESTS

DAY_S = 86400.0
OLD_ANSWERS = text(
    """
    INSERT INTO ai_calls (id, job_id, step, attempt, model, prompt_hash, prompt_version, outcome, raw_answer, started_at)
    SELECT gen_random_uuid(), :job_id, 'write', 1, 'm', 'h', 'v1', 'ok', '{}', now() - interval '8 days'
    FROM generate_series(1, CAST(:count AS integer))
    """
)


async def claimed(database: Database) -> Attempt:
    job = await store_generation(database, str(ids.job_id()), max_attempts=1000)
    attempts = PostgresAttempts(database, "generator", GENERATION_REQUESTS.name, AttemptPolicy())
    attempt = await attempts.claim(job.event)
    assert isinstance(attempt, Attempt)
    return attempt


async def calls(database: Database) -> int:
    return len((await database.read(select(ai_calls.c.id))).all())


async def test_no_call_begins_once_a_stop_is_committed(database: Database, database_url: str) -> None:
    """Three workers begin calls as fast as they can when the stop comes."""
    switch, started = PostgresAiSwitch(database), asyncio.Event()

    async def worker(number: int) -> int:
        attempt, begun = await claimed(database), 0
        async with Database.open(database_url, f"worker-{number}") as own:
            journal = PostgresCallJournal(own)
            while True:
                prompt = Prompt((Message("user", str(begun)),), "v1")
                try:
                    call = await journal.begin(attempt, prompt, "m", Step.WRITE)
                except Transient:
                    return begun
                assert isinstance(call, Call)
                begun += 1
                if begun == 20:
                    started.set()

    workers = [asyncio.create_task(worker(number)) for number in range(3)]
    async with asyncio.timeout(30):
        await started.wait()
        await switch.stop("tests", "enough")
        at_the_stop = await calls(database)
        begun = await asyncio.gather(*workers)

    assert sum(begun) == at_the_stop == await calls(database)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


async def admitted_within(switch: KillSwitch, clock: FakeClock, limit_s: float, step_s: float = 0.5) -> float | None:
    """After how many seconds whoever waits is let through; None when that is not within `limit_s`."""
    waiter, began_s = asyncio.create_task(switch.admitted()), clock.monotonic()
    while clock.monotonic() - began_s <= limit_s:
        await asyncio.wait([waiter], timeout=0.05)
        if waiter.done():
            return clock.monotonic() - began_s
        clock.advance(step_s)
    waiter.cancel()
    await asyncio.wait([waiter])
    return None


async def test_while_calls_are_stopped_a_worker_begins_no_attempt(database: Database, clock: FakeClock) -> None:
    operator, switch = PostgresAiSwitch(database), KillSwitch(database, clock)
    journal = PostgresCallJournal(database, switch=switch)
    attempt = await claimed(database)
    at_first = await admitted_within(switch, clock, 0)
    await operator.stop("tests", "enough")

    with pytest.raises(Transient):
        await journal.begin(attempt, Prompt((), "v1"), "m", Step.WRITE)
    meanwhile, probe = await admitted_within(switch, clock, 3), await switch.status()
    await operator.resume("tests", "go on")
    afterwards = await admitted_within(switch, clock, 3)

    assert (at_first, meanwhile, probe) == (0, None, CheckStatus.DEGRADED)
    assert afterwards is not None
    assert afterwards <= 1
    assert await switch.status() is CheckStatus.OK


async def test_nobody_waits_longer_than_the_broker_does(database: Database, clock: FakeClock) -> None:
    await PostgresAiSwitch(database).stop("tests", "enough")
    switch = KillSwitch(database, clock)
    switch.stopped()

    waited_s = await admitted_within(switch, clock, 2 * MAX_WAIT_S, step_s=30)

    assert waited_s is not None
    assert MAX_WAIT_S <= waited_s <= MAX_WAIT_S + 30


async def answer(database: Database, attempt: Attempt, age_s: float) -> Any:
    """The id of a call of that age, with its raw answer."""
    journal = PostgresCallJournal(database, budget=Budget(everything=Cap(calls=100)))
    call = await journal.begin(attempt, Prompt((Message("user", str(age_s)),), "v1"), "m", Step.WRITE)
    assert isinstance(call, Call)
    await journal.answered(call, Answer("{}", "stop", "m"), Spent(10, 20))

    async def work(tx: Transaction) -> None:
        older = ai_calls.c.started_at - text(f"interval '{age_s} seconds'")
        await tx.execute(update(ai_calls).where(ai_calls.c.id == call.id).values(started_at=older))

    await database.run(work)
    return call.id


async def swept(database: Database) -> None:
    async def ready(_: object) -> int:
        return 0

    tidy = partial(ai_spending.tidy, answers_kept_s=7 * DAY_S)
    await Sweep(database, ready, tidy=tidy).run_once()


async def test_old_raw_answers_are_forgotten_and_their_figures_stay(database: Database) -> None:
    attempt = await claimed(database)
    old = await answer(database, attempt, 7 * DAY_S + 60)
    young = await answer(database, attempt, 7 * DAY_S - 60)

    await swept(database)

    rows = {row["id"]: row for row in (await database.read(select(ai_calls))).mappings()}
    assert (rows[old]["raw_answer"], rows[old]["outcome"], rows[old]["completion_tokens"]) == (None, "ok", 20)
    assert rows[young]["raw_answer"] is not None


async def test_one_round_forgets_a_bounded_number(database: Database) -> None:
    attempt = await claimed(database)

    async def many(tx: Transaction) -> None:
        await tx.execute(OLD_ANSWERS, {"job_id": attempt.job_id, "count": ai_spending.BATCH + 1})

    await database.run(many)

    left = list[int]()
    for _ in range(2):
        await swept(database)
        left.append(len((await database.read(select(ai_calls.c.id).where(ai_calls.c.raw_answer.is_not(None)))).all()))

    assert left == [1, 0]


async def test_old_books_are_closed(database: Database) -> None:
    async def work(tx: Transaction) -> None:
        for age in (0, ai_spending.BOOKS_KEPT_DAYS, ai_spending.BOOKS_KEPT_DAYS + 1):
            day = text(f"CAST(now() AT TIME ZONE 'UTC' AS date) - {age}")
            await tx.execute(insert(ai_budgets).values(scope="all", day=day))

    await database.run(work)

    await swept(database)

    assert len((await database.read(select(ai_budgets.c.day))).all()) == 2
