"""The gateway, put together: the only place where its objects are built."""

from functools import partial
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

from gateway.adapters.postgres_ai_metrics import PostgresAiMetrics
from gateway.adapters.postgres_ai_switch import PostgresAiBooks, PostgresAiSwitch
from gateway.adapters.postgres_audit import PostgresAudit
from gateway.adapters.postgres_dead_letters import PostgresDeadLetters
from gateway.adapters.postgres_lists import PostgresLists
from gateway.adapters.postgres_pairs import PostgresPairs
from gateway.adapters.postgres_related import PostgresRelated
from gateway.config import GatewaySettings
from gateway.handlers import (
    ai,
    audit,
    dead_letters,
    entities,
    errors,
    generate,
    health,
    job_events,
    jobs,
    lists,
    refresh,
    related,
    search,
    welcome,
)
from gateway.http import lists as list_bodies
from gateway.http import refresh_documents
from gateway.http.admin_access import AdminAccess, token_login
from gateway.http.cached_reads import CachedReads
from gateway.http.documentation import complete
from gateway.http.frame import Frame
from gateway.http.links import Links
from gateway.http.problems import Problem, on_problem, on_unavailable
from gateway.http.related_documents import RelatedDocuments
from gateway.http.resources import Resources
from gateway.http.traced import Traced
from gateway.parts import Parts
from gateway.usecases.cancel_job import CancelJob
from gateway.usecases.compare_entities import CompareEntities
from gateway.usecases.follow_job import FollowJob
from gateway.usecases.list_entities import ListEntities
from gateway.usecases.purge_dead_letters import PurgeDeadLetters
from gateway.usecases.read_ai import ReadAi
from gateway.usecases.read_dead_letters import ReadAudit, ReadDeadLetters
from gateway.usecases.read_many import ReadMany
from gateway.usecases.read_related import ReadCollection, ReadRelated
from gateway.usecases.refresh_entity import RefreshEntity
from gateway.usecases.replay_dead_letters import ReplayDeadLetters
from gateway.usecases.switch_ai import SwitchAi
from shared.errors import Unavailable


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
    resources = Resources(parts.links)
    stored = PostgresLists(parts.database, parts.clock)
    refresh_entity = RefreshEntity(
        index=parts.entities,
        entities=parts.entities,
        jobs=parts.jobs,
        answers=parts.answers,
        render=lambda accepted_jobs: refresh_documents.accepted(accepted_jobs[0], parts.links),
    )
    return (
        refresh.router(identify=parts.identify, refresh_entity=refresh_entity, wait_for_job=parts.wait_for_job),
        _related_router(parts),
        search.router(
            identify=parts.identify, search_entities=parts.search_entities(), links=parts.links, clock=parts.clock
        ),
        lists.router(
            identify=parts.identify,
            list_entities=ListEntities(stored, parts.answer_cache, partial(list_bodies.page, resources)),
            read_many=ReadMany(stored, parts.answer_cache, partial(list_bodies.many, resources)),
            clock=parts.clock,
        ),
        entities.router(identify=parts.identify, read_entity=parts.read_entity, links=parts.links),
    )


def _related_router(parts: Parts) -> APIRouter:
    index, store, answers = parts.entities, PostgresRelated(parts.database), parts.answer_cache
    documents = RelatedDocuments(parts.links)
    return related.router(
        identify=parts.identify,
        read_related=ReadRelated(
            index=index,
            related=store,
            answers=answers,
            render_titles=documents.titles,
            render_people=documents.people,
        ),
        read_collection=ReadCollection(index=index, related=store, answers=answers, render=documents.collection),
        compare_entities=CompareEntities(
            index=index, pairs=PostgresPairs(parts.database), answers=answers, render=documents.comparison
        ),
    )


def _admin_routers(parts: Parts) -> tuple[APIRouter, ...]:
    access, letters = AdminAccess(token_login(parts.settings.admin_api_token)), PostgresDeadLetters(parts.database)
    switch = PostgresAiSwitch(parts.database)
    return (
        dead_letters.router(
            access=access,
            read=ReadDeadLetters(letters),
            replay=ReplayDeadLetters(letters),
            purge=PurgeDeadLetters(letters),
        ),
        audit.router(access=access, read=ReadAudit(PostgresAudit(parts.database))),
        ai.router(
            access=access,
            read=ReadAi(
                switch=switch, books=PostgresAiBooks(parts.database), metrics=PostgresAiMetrics(parts.database)
            ),
            switch=SwitchAi(switch),
            clock=parts.clock,
        ),
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
