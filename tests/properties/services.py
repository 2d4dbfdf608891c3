"""The services as processes: the real use cases and consumers, wired to stores in memory."""

from abc import ABC, abstractmethod
from collections.abc import Coroutine
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.properties.bodies import render_detail
from tests.properties.provider import Provider
from tests.properties.stepping import Activity, Process
from tests.support.fakes.entities import FakeEntities
from tests.support.fakes.jobs import FakeJobs
from tests.support.fakes.library import FakeLibrary
from tests.support.fakes.model import FakeCallJournal
from tests.support.fakes.responses import FakeResponses

from cache_invalidator.usecases.invalidate_entity import InvalidateEntity
from gateway.ports import AcceptedJob, Answer
from gateway.usecases.cancel_job import CancelJob
from gateway.usecases.look_up import LookUp
from gateway.usecases.read_entity import ReadEntity
from gateway.usecases.read_job import ReadJob
from gateway.usecases.request_generation import RequestGeneration
from generator.guard import Validator
from generator.usecases.find_subject import FindSubject
from generator.usecases.generate_text import GenerateText
from generator.usecases.write_text import WriteText
from shared.events import EntityChanged, GenerationCompleted, GenerationRequested, RefreshCompleted
from shared.jobs import AttemptPolicy
from shared.messaging.consume import EventConsumer, JobConsumer
from shared.testing.attempts import FakeAttempts
from shared.testing.broker import FakeBroker, FakeDelivery
from shared.testing.cache import FakeCache
from shared.testing.catalog import FakeCatalog
from shared.testing.clock import FakeClock
from shared.testing.database import FakeDatabase
from shared.topology import GENERATION_REQUESTS, INVALIDATIONS, WorkQueue

POLICY = AttemptPolicy(max_attempts=2, ladder_s=(5.0, 10.0), lease_s=30.0, deadline_s=600.0)
PREFETCH = 4


@dataclass(frozen=True, slots=True)
class Stores:
    """What outlives every process."""

    clock: FakeClock
    database: FakeDatabase
    cache: FakeCache
    broker: FakeBroker
    catalog: FakeCatalog
    provider: Provider


class AllOn:
    """Every feature is on."""

    def enabled(self, name: str) -> bool:
        return True


@cache
def validator() -> Validator:
    return Validator.load(grounded=False)


def render_acceptance(jobs: tuple[AcceptedJob, ...]) -> Answer:
    return Answer(202, {"job_ids": [str(job.job_id) for job in jobs]})


class Gateway(Process):
    """One gateway."""

    def __init__(self, stores: Stores) -> None:
        super().__init__("gateway")
        jobs, entities = FakeJobs(stores.database, POLICY), FakeEntities(stores.database)
        responses = FakeResponses(stores.cache)
        self.request_generation = RequestGeneration(
            jobs=jobs, answers=jobs, entities=entities, render=render_acceptance
        )
        self.read_job = ReadJob(jobs, responses)
        self.cancel_job = CancelJob(jobs, self.read_job)
        self.read_entity = ReadEntity(
            entities=entities,
            cache=responses,
            jobs=jobs,
            request_generation=self.request_generation,
            look_up=LookUp(stores.catalog),
            flags=AllOn(),
            clock=stores.clock,
            render=render_detail,
        )


class Worker(Process, ABC):
    """One process that consumes a queue. What it has not acked comes back when it dies."""

    def __init__(self, stores: Stores, queue: WorkQueue) -> None:
        super().__init__(queue.consumer)
        self._attempts = FakeAttempts(stores.database, queue.consumer, queue.name, POLICY)
        self._broker = stores.broker
        self.queue = queue.name
        self.deliveries: list[tuple[FakeDelivery, Activity[None]]] = []

    @abstractmethod
    def settle(self, delivery: FakeDelivery) -> Coroutine[Any, Any, None]: ...

    @property
    def has_room(self) -> bool:
        return sum(not delivery.acked for delivery, _ in self.deliveries) < PREFETCH

    def die(self) -> None:
        super().die()
        for delivery, _ in reversed(self.deliveries):
            if not delivery.acked:
                self._broker.give_back(delivery)


class Generator(Worker):
    def __init__(self, stores: Stores) -> None:
        super().__init__(stores, GENERATION_REQUESTS)
        library = FakeLibrary(stores.database)
        self._consumer = JobConsumer(self._attempts, stores.clock, concurrency=2, lease_s=POLICY.lease_s)
        self._generate = GenerateText(
            find_subject=FindSubject(library=library, catalog=stores.catalog),
            library=library,
            write_text=WriteText(
                calls=FakeCallJournal(stores.database), model=stores.provider, validator=validator(), timeout_s=60.0
            ),
        )

    def settle(self, delivery: FakeDelivery) -> Coroutine[Any, Any, None]:
        return self._consumer.settle(delivery, GenerationRequested, self._generate)


class Invalidator(Worker):
    def __init__(self, stores: Stores) -> None:
        super().__init__(stores, INVALIDATIONS)
        self._consumer = EventConsumer(self._attempts, stores.clock)
        self._invalidate = InvalidateEntity(stores.cache)

    def settle(self, delivery: FakeDelivery) -> Coroutine[Any, Any, None]:
        expected = (GenerationCompleted, RefreshCompleted, EntityChanged)
        return self._consumer.settle(delivery, expected, self._invalidate)
