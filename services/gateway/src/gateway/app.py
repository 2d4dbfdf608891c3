"""The gateway, put together: the only place where its objects are built."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from opentelemetry import trace
from opentelemetry.trace import TracerProvider
from pydantic import SecretStr
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from gateway.adapters.completions import Completions
from gateway.adapters.flags import ConfiguredFlags
from gateway.adapters.outbox_lag import OutboxLag
from gateway.adapters.postgres_answers import PostgresAnswers
from gateway.adapters.postgres_audit import PostgresAudit
from gateway.adapters.postgres_dead_letters import PostgresDeadLetters
from gateway.adapters.postgres_entities import PostgresEntities
from gateway.adapters.postgres_jobs import PostgresJobs
from gateway.adapters.postgres_keys import PostgresKeys
from gateway.adapters.response_cache import RedisResponseCache
from gateway.config import GatewaySettings
from gateway.handlers import (
    audit,
    dead_letters,
    deliveries,
    entities,
    errors,
    generate,
    health,
    job_events,
    jobs,
    refresh,
    welcome,
)
from gateway.http import refresh_documents
from gateway.http.admin_access import AdminAccess, token_login
from gateway.http.cached_reads import CachedReads
from gateway.http.documentation import complete
from gateway.http.frame import Frame
from gateway.http.job_documents import accepted
from gateway.http.links import Links
from gateway.http.principal import Identify
from gateway.http.problems import Problem, on_problem, on_unavailable
from gateway.http.resources import Resources
from gateway.http.traced import Traced
from gateway.usecases.authenticate import Authenticate
from gateway.usecases.cancel_job import CancelJob
from gateway.usecases.follow_job import FollowJob
from gateway.usecases.list_entities import ListEntities
from gateway.usecases.look_up import LookUp
from gateway.usecases.purge_dead_letters import PurgeDeadLetters
from gateway.usecases.read_dead_letters import ReadAudit, ReadDeadLetters
from gateway.usecases.read_entity import ReadEntity
from gateway.usecases.read_job import ReadJob
from gateway.usecases.refresh_entity import RefreshEntity
from gateway.usecases.replay_dead_letters import ReplayDeadLetters
from gateway.usecases.request_generation import RequestGeneration
from gateway.usecases.wait_for_job import WaitForJob
from shared import cache
from shared.clock import SystemClock
from shared.db.engine import Database, PoolOptions
from shared.errors import Unavailable
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
        self.tmdb_http = client()
        self.flags = ConfiguredFlags(settings.flags.values)
        self.jobs = PostgresJobs(self.database, settings.policy)
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

    def _read_entity(self) -> ReadEntity:
        tmdb = TmdbClient(
            self.settings.tmdb_base_url,
            self.settings.tmdb_api_key,
            http=self.tmdb_http,
            deadline_s=self.settings.tmdb_deadline_s,
        )
        return ReadEntity(
            entities=self.entities,
            cache=self.response_cache,
            jobs=self.jobs,
            request_generation=self.request_generation,
            look_up=LookUp(CachedCatalog(TmdbCatalog(tmdb, self.clock), self.clock)),
            flags=self.flags,
            clock=self.clock,
            render=Resources(self.links).detail,
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


def create_app(settings: GatewaySettings, tracer_provider: TracerProvider | None = None) -> FastAPI:
    """The application; nothing is connected before its lifespan starts, and it serves whatever is reachable."""
    tracing = tracer_provider or trace.get_tracer_provider()
    parts = Parts(settings, tracing)
    app = _framed(settings, tracing, parts)
    app.state.running = parts.running
    for router in (
        *_job_routers(parts),
        *_entity_routers(parts),
        *_admin_routers(parts),
        health.router(parts.health),
    ):
        app.include_router(router)
    app.mount(welcome.ASSETS_PATH, welcome.assets(), "assets")
    app.include_router(
        welcome.router(links=parts.links, version=app.version, document=lambda: document_of(app, parts.links))
    )
    return app


def _framed(settings: GatewaySettings, tracing: TracerProvider, parts: Parts) -> FastAPI:
    """An application without routes."""
    edge_token = settings.edge_token.get_secret_value() if settings.edge_token else None
    return FastAPI(
        title="MovieMind API",
        version=version("moviemind-gateway"),
        lifespan=parts.lifespan,
        redirect_slashes=False,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},  # `Traced` does it
        middleware=[
            Middleware(Traced, tracing),
            Middleware(Frame, edge_token=edge_token, allowed_origins=settings.cors_allowed_origins),
            Middleware(CachedReads, identify=parts.identify, read_entity=parts.read_entity),
        ],
        exception_handlers={
            Problem: on_problem,
            Unavailable: on_unavailable,
            HTTPException: errors.on_http_exception,
            RequestValidationError: errors.on_invalid_parameters,
        },
    )


def _job_routers(parts: Parts) -> tuple[APIRouter, ...]:
    generation = generate.router(
        identify=parts.identify,
        request_generation=parts.request_generation,
        wait_for_job=parts.wait_for_job,
        flags=parts.flags,
        links=parts.links,
        clock=parts.clock,
    )
    reading = jobs.router(
        identify=parts.identify,
        read_job=parts.read_job,
        wait_for_job=parts.wait_for_job,
        cancel_job=CancelJob(parts.jobs, parts.read_job),
        links=parts.links,
        clock=parts.clock,
    )
    follow_job = FollowJob(parts.read_job, parts.completions, parts.clock, capacity=parts.settings.max_streams)
    following = job_events.router(
        identify=parts.identify, read_job=parts.read_job, follow_job=follow_job, links=parts.links
    )
    return generation, reading, following


def _entity_routers(parts: Parts) -> tuple[APIRouter, ...]:
    clock = parts.clock
    refresh_entity = RefreshEntity(
        index=parts.entities,
        entities=parts.entities,
        jobs=parts.jobs,
        answers=parts.answers,
        render=lambda accepted_jobs: refresh_documents.accepted(accepted_jobs[0], parts.links),
    )
    return (
        refresh.router(identify=parts.identify, refresh_entity=refresh_entity, wait_for_job=parts.wait_for_job),
        entities.router(
            identify=parts.identify,
            read_entity=parts.read_entity,
            list_entities=ListEntities(parts.entities),
            links=parts.links,
            clock=clock,
        ),
    )


def _admin_routers(parts: Parts) -> tuple[APIRouter, ...]:
    access, letters = AdminAccess(token_login(parts.settings.admin_api_token)), PostgresDeadLetters(parts.database)
    return (
        dead_letters.router(
            access=access,
            read=ReadDeadLetters(letters),
            replay=ReplayDeadLetters(letters),
            purge=PurgeDeadLetters(letters),
        ),
        audit.router(access=access, read=ReadAudit(PostgresAudit(parts.database))),
    )


def document_of(app: FastAPI, links: Links) -> dict[str, Any]:
    """The OpenAPI document of `app`."""
    document = get_openapi(title=app.title, version=app.version, routes=app.routes, openapi_version="3.1.0")
    return complete(document, links.public_base_url)


def openapi_document() -> dict[str, Any]:
    """The published contract, the same on every machine."""
    nowhere = GatewaySettings(
        database_url=SecretStr("postgresql://localhost/none"),
        rabbitmq_url=SecretStr("amqp://localhost"),
        redis_url=SecretStr("redis://localhost"),
        tmdb_api_key=SecretStr("none"),
        public_base_url="http://127.0.0.1:8000",
    )
    return document_of(create_app(nowhere), Links(nowhere.base_url))
