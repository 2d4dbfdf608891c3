"""In-process waiters on jobs, woken by hints from the broker and by one poll of the store for all of them."""

import asyncio
import contextlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from sqlalchemy import func, literal, select
from sqlalchemy.dialects import postgresql

from shared.clock import Clock
from shared.db.engine import Database
from shared.db.tables import jobs
from shared.errors import Unavailable

POLL_S = 1.0

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


@dataclass(slots=True, eq=False)
class _Watched:
    """One job and everyone who waits for it; `sequence` is the last one the poll saw."""

    watches: set["_Watch"] = field(default_factory=set["_Watch"])
    sequence: int | None = None


class _Watch:
    def __init__(self, owner: "Completions") -> None:
        self._owner = owner
        self.signal = asyncio.Event()

    @property
    def ended(self) -> bool:
        return self._owner.ended

    async def changed(self, timeout_s: float) -> None:
        if self.ended:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self.signal.wait()
        self.signal.clear()


class Completions:
    """The gateway's JobEvents. While the broker is away a change is seen at the next poll, within a second; nobody polls for himself."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._watched: dict[UUID, _Watched] = {}
        self.ended = False

    @property
    def watching(self) -> int:
        """How many jobs are watched now."""
        return len(self._watched)

    @property
    def waiters(self) -> int:
        """How many wait for them."""
        return sum(len(watched.watches) for watched in self._watched.values())

    @contextmanager
    def watch(self, job_id: UUID) -> Generator[_Watch]:
        watched = self._watched.setdefault(job_id, _Watched())
        watch = _Watch(self)
        watched.watches.add(watch)
        try:
            yield watch
        finally:
            watched.watches.discard(watch)
            if not watched.watches:
                self._watched.pop(job_id, None)

    def wake(self, job_id: UUID) -> None:
        """The job may have changed."""
        for watch in self._watched[job_id].watches if job_id in self._watched else ():
            watch.signal.set()

    def end(self) -> None:
        """Let every waiter answer with what it has, now and from now on."""
        self.ended = True
        for job_id in self._watched:
            self.wake(job_id)

    async def poll_forever(self) -> None:
        while True:
            await self._clock.sleep(POLL_S)
            try:
                await self._poll()
            except Unavailable:
                continue
            except Exception:  # a poll that ended would leave waiters to their timeouts
                log.exception("completions.poll_failed")

    async def _poll(self) -> None:
        if not self._watched:
            return
        wanted = func.any(literal(list(self._watched), postgresql.ARRAY(postgresql.UUID)))
        found = await self._database.read(select(jobs.c.id, jobs.c.sequence).where(jobs.c.id == wanted))
        for row in found.mappings():
            watched = self._watched.get(row["id"])
            if watched is not None and watched.sequence != row["sequence"]:
                watched.sequence = row["sequence"]
                self.wake(row["id"])
