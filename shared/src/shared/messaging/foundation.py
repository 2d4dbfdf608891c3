"""What every worker stands on, built in one call, so that its `app.py` shows what is its own."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from faststream.rabbit import RabbitRouter

from shared import telemetry
from shared.clock import SystemClock
from shared.db.attempts import PostgresAttempts
from shared.db.dead_letters import BrokerLetters
from shared.db.engine import Database, PoolOptions
from shared.db.sweep import Tidy
from shared.messaging import dead_letters
from shared.messaging.broker import make_broker
from shared.messaging.consume import EventConsumer, JobConsumer
from shared.messaging.dead_letters import DeadLetterReader
from shared.messaging.runtime import Messaging
from shared.messaging.worker import Probe, Worker
from shared.settings import WorkerSettings
from shared.topology import WorkQueue


class Foundation:
    """Telemetry, clock and database of one worker, and the consumers of its queue. Opens no connection yet."""

    def __init__(self, queue: WorkQueue, settings: WorkerSettings) -> None:
        self._queue = queue
        self._settings = settings
        self._service = queue.consumer
        self._tracing = telemetry.setup(self._service, settings.instance_id, settings)
        self.clock = SystemClock()
        self.database = Database.connect(
            settings.database_url.get_secret_value(),
            self._service,
            PoolOptions(size=settings.database_pool_size, wait_s=settings.database_pool_wait_s),
        )
        self._attempts = PostgresAttempts(self.database, self._service, queue.name, settings.policy)

    def job_consumer(self, concurrency: int, admitted: Callable[[], Awaitable[None]] | None = None) -> JobConsumer:
        """For a queue of requests: at most `concurrency` attempts at a time, none of them begun before `admitted` returns."""
        lease_s = self._settings.policy.lease_s
        return JobConsumer(self._attempts, self.clock, concurrency=concurrency, lease_s=lease_s, admitted=admitted)

    def event_consumer(self) -> EventConsumer:
        """For a queue of events whose effect may be repeated harmlessly."""
        return EventConsumer(self._attempts, self.clock)

    def worker(
        self,
        router: RabbitRouter,
        *,
        consumer: JobConsumer | None = None,
        probes: Mapping[str, Probe] | None = None,
        owns: Sequence[Callable[[], Awaitable[None]]] = (),
        tidy: Tidy | None = None,
    ) -> Worker:
        """The process around `router`; it also reads the dead letters of its queue.

        Only a worker with a job consumer may write jobs, and so takes part in the sweep; in its rounds it also does its own `tidy`.
        """
        url = self._settings.rabbitmq_url.get_secret_value()
        broker = make_broker(url, self._service, self._tracing)
        broker.include_router(router)
        reader = DeadLetterReader(BrokerLetters(self.database, self._queue.name), self.clock)
        broker.include_router(dead_letters.router(self._queue, reader))
        messaging = Messaging(
            url=url,
            service=self._service,
            broker=broker,
            relay_broker=make_broker(url, f"{self._service}-relay", self._tracing),
            database=self.database,
            clock=self.clock,
            queues=(self._queue,),
            consumer=consumer,
            sweeps=consumer is not None,
            inbox_retention_s=self._settings.inbox_retention_s,
            tidy=tidy,
        )
        return Worker(
            service=self._service,
            instance_id=self._settings.instance_id,
            health=self._settings,
            database=self.database,
            messaging=messaging,
            probes=probes or {},
            owns=owns,
        )
