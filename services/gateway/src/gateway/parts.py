"""What more than one part of the gateway stands on, put together once."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from fastapi import FastAPI
from opentelemetry.trace import TracerProvider

from gateway.adapters.answer_cache import RedisAnswerCache
from gateway.adapters.completions import Completions
from gateway.adapters.flags import ConfiguredFlags
from gateway.adapters.outbox_lag import OutboxLag
from gateway.adapters.postgres_answers import PostgresAnswers
from gateway.adapters.postgres_entities import PostgresEntities
from gateway.adapters.postgres_jobs import PostgresJobs
from gateway.adapters.postgres_keys import PostgresKeys
from gateway.adapters.postgres_search import PostgresSearch
from gateway.adapters.response_cache import RedisResponseCache
from gateway.config import GatewaySettings
from gateway.handlers import (
    deliveries,
)
from gateway.http import search_documents
from gateway.http.job_documents import accepted
from gateway.http.links import Links
from gateway.http.principal import Identify
from gateway.http.resources import Resources
from gateway.usecases.authenticate import Authenticate
from gateway.usecases.find_external import FindExternal
from gateway.usecases.look_up import LookUp
from gateway.usecases.read_entity import ReadEntity
from gateway.usecases.read_job import ReadJob
from gateway.usecases.request_generation import RequestGeneration
from gateway.usecases.search_entities import SearchEntities
from gateway.usecases.wait_for_job import WaitForJob
from shared import cache
from shared.clock import SystemClock
from shared.db.engine import Database, PoolOptions
from shared.health import CheckStatus, Health
from shared.http import client
from shared.invariants import Evidence
from shared.messaging.broker import make_broker
from shared.messaging.invariant_watch import InvariantWatch
from shared.messaging.queue_states import RabbitQueues
from shared.messaging.runtime import Messaging
from shared.outbox.relay import Pace
from shared.tmdb.catalog import CachedCatalog, TmdbCatalog
from shared.tmdb.client import TmdbClient

SERVICE = "gateway"
RELAY_PACE = Pace(batch=32, rest=1.0)
"""A backlog takes at most half of the processor from requests here; the relays of the workers take it whole."""


class Running:
    """What runs beside the requests, and how it ends."""

    def __init__(self, health: Health, messaging: Messaging, completions: Completions) -> None:
        self._health = health
        self.completions = completions
        self.messaging = messaging

    def drain(self) -> None:
        """Not ready any more; waiters and streams end with what they have."""
        self._health.draining = True
        self.completions.end()


class Parts:
    """Everything that more than one router stands on. Building it connects nothing."""

    def __init__(self, settings: GatewaySettings, tracing: TracerProvider) -> None:
        self.settings = settings
        self.clock, self.links = SystemClock(), Links(settings.base_url)
        pool = PoolOptions(size=settings.database_pool_size, wait_s=settings.database_pool_wait_s)
        database_url = settings.database_url.get_secret_value()
        self.database = Database.connect(database_url, SERVICE, pool)
        self.redis = cache.connect(settings.redis_url.get_secret_value())
        self.redis_cache = cache.RedisCache(self.redis)
        self.response_cache = RedisResponseCache(self.redis_cache)
        self.answer_cache = RedisAnswerCache(self.redis_cache)
        self.tmdb_http = client()
        self.flags = ConfiguredFlags(settings.flags.values)
        self.jobs = PostgresJobs(self.database, settings.policy, settings.anonymous_generation)
        self.answers = PostgresAnswers(self.database)
        self.entities = PostgresEntities(self.database, self.clock)
        self.completions = Completions(self.database, self.clock)
        self.read_job = ReadJob(self.jobs, self.response_cache)
        self.wait_for_job = WaitForJob(self.read_job, self.completions, self.clock, capacity=settings.max_waiters)
        self.identify = Identify(Authenticate(PostgresKeys(self.database), self.clock))
        self.request_generation = RequestGeneration(
            jobs=self.jobs,
            answers=self.answers,
            entities=self.entities,
            render=lambda accepted_jobs: accepted(accepted_jobs, self.links),
        )
        self.catalog = self._catalog()
        self.read_entity = self._read_entity()
        rabbitmq_url = settings.rabbitmq_url.get_secret_value()
        broker = make_broker(rabbitmq_url, SERVICE, tracing)
        broker.include_router(deliveries.router(settings.instance_id, self.completions.wake))
        self.messaging = Messaging(
            url=rabbitmq_url,
            service=SERVICE,
            broker=broker,
            relay_broker=make_broker(rabbitmq_url, f"{SERVICE}-relay", tracing),
            pace=RELAY_PACE,
            database=self.database,
            clock=self.clock,
            inbox_retention_s=settings.inbox_retention_s,
            watch=InvariantWatch(database_url, self._evidence, self.clock, every_s=settings.invariants_every_s),
        )
        self.health = Health(SERVICE, settings.instance_id, self.checks)
        self.running = Running(self.health, self.messaging, self.completions)

    def _catalog(self) -> CachedCatalog:
        tmdb = TmdbClient(
            self.settings.tmdb_base_url,
            self.settings.tmdb_api_key,
            http=self.tmdb_http,
            deadline_s=self.settings.tmdb_deadline_s,
        )
        return CachedCatalog(TmdbCatalog(tmdb, self.clock), self.clock)

    def _read_entity(self) -> ReadEntity:
        return ReadEntity(
            entities=self.entities,
            cache=self.response_cache,
            jobs=self.jobs,
            request_generation=self.request_generation,
            look_up=LookUp(self.catalog),
            flags=self.flags,
            clock=self.clock,
            render=Resources(self.links).detail,
        )

    def search_entities(self) -> SearchEntities:
        index = PostgresSearch(self.database)
        return SearchEntities(
            index=index,
            external=FindExternal(
                catalog=self.catalog, index=index, entities=self.entities, flags=self.flags, clock=self.clock
            ),
            read_entity=self.read_entity,
            cache=self.answer_cache,
            render=search_documents.render,
        )

    async def checks(self) -> Mapping[str, CheckStatus]:
        broker = CheckStatus.OK if self.messaging.connected else CheckStatus.DEGRADED
        return {
            "postgres": CheckStatus.OK if await self.database.reachable() else CheckStatus.ERROR,
            "redis": CheckStatus.OK if await self.redis_cache.reachable() else CheckStatus.DEGRADED,
            "rabbitmq": broker,
            "consumers": broker,
            "outbox": CheckStatus.OK if await OutboxLag(self.database).short() else CheckStatus.DEGRADED,
        }

    def _evidence(self, database: Database) -> Evidence:
        queues = RabbitQueues(self.settings.rabbitmq_url.get_secret_value(), f"{SERVICE}-invariants")
        return Evidence(database, queues, self.redis, window_s=self.settings.invariants_window_s)

    @asynccontextmanager
    async def lifespan(self, _: FastAPI) -> AsyncGenerator[None]:
        self.messaging.start()
        polling = asyncio.create_task(self.completions.poll_forever())
        try:
            yield
        finally:
            self.running.drain()
            polling.cancel()
            await asyncio.gather(polling, return_exceptions=True)
            await self.messaging.stop()
            await self.tmdb_http.aclose()
            await self.redis_cache.close()
            await self.database.close()
