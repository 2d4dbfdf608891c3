"""The whole system in one process, and what can happen to it from outside."""

import asyncio
import json
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar
from uuid import UUID

from tests.properties.provider import Provider
from tests.properties.services import Gateway, Generator, Invalidator, Stores, Worker
from tests.properties.stepping import FOR_EVER, Activity, Process, SteppedLoop, turn
from tests.properties.tally import TALLY

from shared.entities import EntityKind, Facts, MovieDetails
from shared.errors import Unavailable
from shared.faults import CRASH_POINTS, InjectedFault
from shared.testing.broker import FakeBroker
from shared.testing.cache import FakeCache
from shared.testing.catalog import FakeCatalog
from shared.testing.clock import FakeClock
from shared.testing.database import FakeDatabase
from shared.testing.relay import FakeRelay
from shared.testing.sweep import FakeSweep
from shared.topology import GENERATION_REQUESTS, INVALIDATIONS, WorkQueue

T = TypeVar("T")
FILMS = (
    Facts(kind=EntityKind.MOVIE, tmdb_id=603, title="The Matrix", year=1999, details=MovieDetails()),
    Facts(kind=EntityKind.MOVIE, tmdb_id=949, title="Heat", year=1995, details=MovieDetails()),
)


class World:
    """Two gateways, two generators and an invalidator; relay and sweep are whoever's turn it is."""

    def __init__(self) -> None:
        self.loop = SteppedLoop()
        self.clock = FakeClock()
        self.database, self.cache, self.broker = FakeDatabase(self.clock, turn), FakeCache(turn), FakeBroker(turn)
        self.provider = Provider(turn)
        self._stores = Stores(self.clock, self.database, self.cache, self.broker, FakeCatalog(FILMS), self.provider)
        self._relay = FakeRelay(self.database, self.broker)
        self._sweep = FakeSweep(self.database, self._ready_messages)
        self.gateways = [Gateway(self._stores), Gateway(self._stores)]
        self.generators = [Generator(self._stores), Generator(self._stores)]
        self.invalidators = [Invalidator(self._stores)]
        self.acknowledged: dict[str, int] = {}
        self.lost: set[UUID] = set()
        self.calls_seen = 0

    @property
    def workers(self) -> list[Worker]:
        return [*self.generators, *self.invalidators]

    @property
    def processes(self) -> list[Process]:
        return [*self.gateways, *self.workers]

    @property
    def paused(self) -> list[Activity[Any]]:
        return [activity for process in self.processes for activity in process.activities if activity.paused]

    @property
    def slugs(self) -> list[str]:
        return [entity.slug for entity in self.database.entities.values()]

    @property
    def due(self) -> bool:
        """Whether a relay has something to publish."""
        return any(row.available_at <= self.clock.now() for row in self.database.outbox.values())

    def ready(self, workers: Sequence[Worker]) -> list[Worker]:
        """Those of `workers` that could be given a message now."""
        return [worker for worker in workers if worker.has_room and self.broker.queues[worker.queue]]

    @property
    def somebody_reads(self) -> bool:
        return any(activity.paused for gateway in self.gateways for activity in gateway.activities)

    @property
    def at_rest(self) -> bool:
        """Nothing is left to send, to deliver or to finish."""
        waiting = [*self.database.outbox, *self.broker.unacked, *self.paused]
        waiting += [message for queue in self.broker.queues.values() for message in queue]
        return not waiting and all(job.status.terminal for job in self.database.jobs.values())

    def start(self, process: Process, work: Coroutine[Any, Any, T], turns: int) -> Activity[T]:
        """Let `process` do `work` for some turns."""
        activity = Activity(self.loop, process, work, turns)
        self.loop.settle()
        return activity

    def take(self, worker: Worker, index: int, turns: int) -> None:
        """Deliver the ready message at `index` to `worker`, which works on it for some turns."""
        delivery = self.broker.deliver(worker.queue, index)
        worker.deliveries.append((delivery, self.start(worker, worker.settle(delivery), turns)))

    def go_on(self, activity: Activity[Any], turns: int, *, latest_first: bool = False) -> None:
        activity.go_on(turns, latest_first=latest_first)
        self.loop.settle()

    def publish(self) -> bool:
        """One batch of whichever relay comes first; False when it broke off."""
        return self._at_once(self._relay.publish_due())

    def sweep_once(self) -> bool:
        """One round; False when it broke off."""
        return self._at_once(self._sweep.run_once())

    def flow(self) -> None:
        """Publish what is due, deliver what is ready, and publish and deliver what comes of it."""
        for _ in range(2):
            self.publish()
            for worker in self.workers:
                while self.ready([worker]):
                    self.take(worker, 0, FOR_EVER)
                    self.attend()

    def heal(self) -> None:
        """From now on nothing pauses, fails or is away."""
        self.provider.moods = []
        for activity in self.paused:
            self.go_on(activity, FOR_EVER)
        self.cache.away = False

    def crash(self, process: Process) -> None:
        """The process is gone where it stands, and a new one takes its place."""
        process.die()
        self.loop.settle()
        stores = self._stores
        self.gateways = [Gateway(stores) if other is process else other for other in self.gateways]
        self.generators = [Generator(stores) if other is process else other for other in self.generators]
        self.invalidators = [Invalidator(stores) if other is process else other for other in self.invalidators]

    def attend(self) -> None:
        """Note what was acked. A worker whose handler ended without an ack is gone, as its delivery would wait for ever."""
        for delivery in self.broker.done:
            if delivery.queue == INVALIDATIONS.name:
                event = json.loads(delivery.raw_message.body)
                self.acknowledged[event["slug"]] = max(self.acknowledged.get(event["slug"], 0), event["entity_version"])
        self.broker.done.clear()
        for worker in self.workers:
            ended = [(delivery, activity) for delivery, activity in worker.deliveries if activity.ended]
            worker.deliveries = [(delivery, activity) for delivery, activity in worker.deliveries if not activity.ended]
            broken_off = [planned(activity.outcome()) for _, activity in ended]
            if any(broken_off):
                worker.deliveries += ended
                self.crash(worker)

    def lose_requests(self) -> None:
        """The queue of requests is deleted, with what is ready in it, and declared again."""
        ready = self.broker.queues[GENERATION_REQUESTS.name]
        self.lost |= {UUID(message.message_id) for message in ready}
        ready.clear()

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.loop.settle()

    def close(self) -> None:
        for process in self.processes:
            process.dead = True
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.settle()
        self.loop.close()

    def _at_once(self, work: Coroutine[Any, Any, object]) -> bool:
        outcome = self.start(Process("bystander"), work, FOR_EVER).outcome()
        return not planned(outcome)

    async def _ready_messages(self, queue: WorkQueue) -> int | None:
        return len(self.broker.queues[queue.name])


def planned(outcome: object) -> bool:
    """Whether this is what a crash point does; any other error is a bug."""
    if isinstance(outcome, InjectedFault | Unavailable):
        if str(outcome) in CRASH_POINTS:
            TALLY.points[str(outcome)] += 1
        return True
    if isinstance(outcome, BaseException):
        raise outcome
    return False
