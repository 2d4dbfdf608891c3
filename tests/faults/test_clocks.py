"""F62: a worker whose wall clock is wrong, or is set back while it works."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import RowMapping, func, select
from tests.faults.settling import Settling
from tests.integration.gateway.world import eventually
from tests.support.jobs import StoredJob, store_generation

from shared.clock import SystemClock
from shared.db.engine import Database
from shared.db.tables import jobs, outbox
from shared.errors import Transient, failure
from shared.jobs import AttemptPolicy, FailureType

LEASE_S, RETRY_S = 20.0, 40.0
LATE_S = 10.0
"""What a busy machine may need between a statement and the look at its row."""
skewed = pytest.mark.parametrize("minutes", [10, -10])


class WrongClock(SystemClock):
    """Runs as the machine's clock does, but shows another time; its monotonic side is right, as on a real machine."""

    def __init__(self, minutes: int) -> None:
        self.error = timedelta(minutes=minutes)

    def now(self) -> datetime:
        return super().now() + self.error


async def from_now(database: Database, job: StoredJob) -> RowMapping:
    """Status, and in how many seconds by the database's clock the lease ends and the job's next message is due."""
    seconds = [
        func.extract("epoch", column - func.now()).label(name)
        for name, column in (("lease_s", jobs.c.lease_until), ("retry_s", jobs.c.next_attempt_at))
    ]
    due = func.extract("epoch", outbox.c.available_at - func.now()).label("due_s")
    statement = select(jobs.c.status, jobs.c.attempt, *seconds, due).outerjoin(
        outbox, outbox.c.event_id == jobs.c.event_id
    )
    return (await database.read(statement.where(jobs.c.id == job.id))).mappings().one()


async def lease_until(database: Database, job: StoredJob) -> datetime:
    return (await database.read(select(jobs.c.lease_until).where(jobs.c.id == job.id))).scalar_one()


@skewed
async def test_f62_a_retry_is_due_by_the_clock_of_the_database(database: Database, minutes: int) -> None:
    job = await store_generation(database)

    async def throttled() -> None:
        raise Transient(failure(FailureType.RATE_LIMITED, "throttled"), retry_after_s=RETRY_S)

    await Settling(database, WrongClock(minutes), before_end=throttled).deliver(job)

    row = await from_now(database, job)
    assert row["status"] == "RETRYING"
    assert RETRY_S - LATE_S < row["retry_s"] <= RETRY_S
    assert RETRY_S - LATE_S < row["due_s"] <= RETRY_S


@skewed
async def test_f62_a_lease_is_as_long_for_a_worker_with_another_clock(database: Database, minutes: int) -> None:
    job, go_on = await store_generation(database), asyncio.Event()
    policy = AttemptPolicy(ladder_s=(), lease_s=LEASE_S)
    wrong = Settling(database, WrongClock(minutes), policy, go_on.wait)
    right = Settling(database, policy=policy)

    working = asyncio.create_task(wrong.deliver(job))
    await wrong.began.wait()
    await right.deliver(job)
    row = await from_now(database, job)
    go_on.set()
    await working

    assert (row["status"], row["attempt"], right.worked) == ("PROCESSING", 1, [])
    assert LEASE_S - LATE_S < row["lease_s"] <= LEASE_S
    assert LEASE_S - LATE_S < row["due_s"] <= LEASE_S
    assert (await from_now(database, job))["status"] == "DONE"


async def test_f62_a_clock_that_is_set_back_stops_no_renewal(database: Database) -> None:
    job, go_on, clock = await store_generation(database), asyncio.Event(), WrongClock(0)
    lease_s = 3.0
    settling = Settling(database, clock, AttemptPolicy(ladder_s=(), lease_s=lease_s), go_on.wait)

    working = asyncio.create_task(settling.deliver(job))
    await settling.began.wait()
    clock.error = timedelta(minutes=-20)
    first = await lease_until(database, job)

    async def renewed_twice() -> bool:
        return await lease_until(database, job) > first + timedelta(seconds=lease_s)

    await eventually(renewed_twice, 2 * lease_s + LATE_S)
    go_on.set()
    await working

    assert await settling.states(job) == ["PENDING", "PROCESSING", "DONE"]
