"""After a fault: does everything hold that must?

    await assert_invariants(database_url, broker_url=…, redis_url=…, drained=True)

Name the broker only when every consumer of the system runs, and Redis only when its invalidator does: otherwise what waits for them is
rightly reported.
"""

from contextlib import AsyncExitStack

from redis.asyncio import Redis
from sqlalchemy import func, select

from shared.db.engine import Database
from shared.db.tables import jobs, outbox
from shared.invariants import Evidence, Result, Tolerance, check_all
from shared.jobs import ACTIVE
from shared.messaging.queue_states import RabbitQueues

PATIENCE = Tolerance(overdue_s=10, unsent_s=60, due_s=30, stale_s=10)
"""Shorter than in production, where tests cannot wait, and long enough for a loaded machine."""
EVER_S = 3e9
NOT_NAMED = {"no broker to ask", "no Redis to ask"}


async def assert_invariants(
    database_url: str, *, broker_url: str | None = None, redis_url: str | None = None, drained: bool = False
) -> None:
    """Raises AssertionError with every violation."""
    found = await violations(database_url, broker_url=broker_url, redis_url=redis_url, drained=drained)
    assert not found, "\n".join(found)


async def violations(
    database_url: str, *, broker_url: str | None = None, redis_url: str | None = None, drained: bool = False
) -> list[str]:
    """A sentence for each violation, and for each store that was named and does not answer; empty when all hold.

    `drained` says that nothing is left to do: then a job that has not ended, or a due event that has not gone out, is a violation too.
    """
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database.open(database_url, "invariants"))
        redis = await stack.enter_async_context(Redis.from_url(redis_url)) if redis_url else None
        broker = RabbitQueues(broker_url, "tests") if broker_url else None
        results = await check_all(Evidence(database, broker, redis, window_s=EVER_S, tolerance=PATIENCE))
        found = [sentence for result in results for sentence in _sentences(result)]
        return found + (await _left_over(database) if drained else [])


def _sentences(result: Result) -> list[str]:
    unchecked = [reason for reason in result.unchecked if reason not in NOT_NAMED]
    return [
        *map(str, result.violations),
        *(f"{result.invariant.id}: could not be checked: {reason}" for reason in unchecked),
    ]


async def _left_over(database: Database) -> list[str]:
    """A retry that is not due says nothing: its job may have ended since, or has not and is reported itself."""
    active = await database.read(select(jobs.c.id, jobs.c.status).where(jobs.c.status.in_(ACTIVE)))
    due = await database.read(select(outbox.c.event_id, outbox.c.type).where(outbox.c.available_at <= func.now()))
    return [f"I1: job {row.id} is {row.status} after the drain" for row in active.all()] + [
        f"I6: event {row.event_id} ({row.type}) is in the outbox after the drain" for row in due.all()
    ]
