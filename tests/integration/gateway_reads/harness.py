"""The read side of the gateway over real stores, with a catalogue in memory and a stand-in for the workers."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI
from redis.asyncio import Redis
from sqlalchemy import func, insert, select, update

from gateway.adapters.answer_cache import RedisAnswerCache
from gateway.adapters.completions import Completions
from gateway.adapters.flags import ConfiguredFlags
from gateway.adapters.postgres_answers import PostgresAnswers
from gateway.adapters.postgres_entities import PostgresEntities
from gateway.adapters.postgres_jobs import PostgresJobs
from gateway.adapters.postgres_keys import PostgresKeys
from gateway.adapters.postgres_lists import PostgresLists
from gateway.adapters.response_cache import RedisResponseCache
from gateway.handlers import entities as entity_routes
from gateway.handlers import lists as list_routes
from gateway.handlers import refresh as refresh_routes
from gateway.http import job_documents, lists, refresh_documents
from gateway.http.cached_reads import CachedReads
from gateway.http.frame import Frame
from gateway.http.links import Links
from gateway.http.principal import Identify
from gateway.http.problems import Problem, on_problem, on_unavailable
from gateway.http.resources import Resources
from gateway.ports import TEN_AN_HOUR, AcceptedJob, Answer, Budget
from gateway.read_ports import Catalog, Representation, Wanted
from gateway.usecases.authenticate import Authenticate
from gateway.usecases.list_entities import ListEntities
from gateway.usecases.look_up import LookUp
from gateway.usecases.read_entity import ReadEntity
from gateway.usecases.read_job import ReadJob
from gateway.usecases.read_many import ReadMany
from gateway.usecases.refresh_entity import RefreshEntity
from gateway.usecases.request_generation import RequestGeneration
from gateway.usecases.wait_for_job import WaitForJob
from shared import ids
from shared.cache import RedisCache, connect
from shared.catalog import Lookup
from shared.clock import SystemClock
from shared.db.engine import Database, Transaction
from shared.db.entity_rows import StoredEntity
from shared.db.facts import create_entity
from shared.db.search_rows import index_documents
from shared.db.tables import entities, jobs, slug_aliases, texts
from shared.entities import KINDS, CreditFact, EntityKind, Facts, MovieDetails, PersonDetails, Role, ShowType, TvDetails
from shared.errors import Unavailable
from shared.jobs import AttemptPolicy
from shared.testing.catalog import FakeCatalog
from shared.tmdb.catalog import CachedCatalog

BASE = "https://api.moviemind.example"
FLAGS = ("ai_description_generation", "ai_bio_generation", "tmdb_verification", "tvmaze_verification")
YEAR = 1999


def facts(kind: EntityKind, title: str, year: int | None = YEAR, tmdb_id: int = 603, **more: Any) -> Facts:
    """Facts of any kind whose only date is in `year`."""
    day = date(year, 3, 31) if year else None
    details = {
        EntityKind.MOVIE: MovieDetails(director=more.pop("director", None), release_date=day),
        EntityKind.PERSON: PersonDetails(birth_date=day, birthplace=more.pop("birthplace", None)),
        EntityKind.TV_SERIES: TvDetails(first_air_date=day, number_of_seasons=2, number_of_episodes=20),
        EntityKind.TV_SHOW: TvDetails(first_air_date=day, show_type=ShowType.TALK_SHOW),
    }[kind]
    return Facts(kind=kind, tmdb_id=tmdb_id, title=title, year=year, details=details, **more)


def acting(
    name: str, tmdb_id: int, order: int | None, role: Role = Role.ACTOR, character: str | None = None
) -> CreditFact:
    job = None if role is Role.ACTOR else role.title()
    return CreditFact(tmdb_id=tmdb_id, name=name, role=role, character=character, job=job, billing_order=order)


class WatchedCache(RedisResponseCache):
    """Counts the reads, so that a test can wait for them."""

    def __init__(self, cache: RedisCache) -> None:
        super().__init__(cache)
        self._asked = 0
        self._changed = asyncio.Event()

    async def get(self, kind: EntityKind, slug: str, wanted: Wanted) -> Representation | None:
        found = await super().get(kind, slug, wanted)
        self._asked += 1
        self._changed.set()
        return found

    async def until_asked(self, times: int) -> None:
        async with asyncio.timeout(60):
            while self._asked < times:
                self._changed.clear()
                await self._changed.wait()


@dataclass(slots=True)
class Gateway:
    """One process of the gateway's read side; `flags` may be changed while it runs."""

    database: Database
    redis: "Redis"
    cache: RedisCache
    responses: WatchedCache
    reader: PostgresEntities
    lists: PostgresLists
    http: httpx.AsyncClient
    catalog: FakeCatalog
    flags: dict[str, bool]

    async def get(self, kind: EntityKind, slug: str = "", **options: Any) -> httpx.Response:
        path = f"/api/v1/{KINDS[kind].path}"
        """What `slug` names, else a list; a query may follow."""
        return await self.http.get(f"{path}/{slug}" if slug and not slug.startswith("?") else path + slug, **options)

    async def store(self, known: Facts) -> StoredEntity:
        async def work(tx: Transaction) -> StoredEntity:
            return await create_entity(tx, known)

        return await self.database.run(work)

    async def write(self, stored: StoredEntity, text: str = "A text.", *, default: bool = True, **values: Any) -> UUID:
        """A current text and the version that shows it, in one transaction as the generator does it."""
        text_id = ids.row_id()
        row = {
            "id": text_id,
            "entity_id": stored.id,
            "form": KINDS[stored.kind].form,
            "locale": "en-US",
            "context_tag": "DEFAULT",
            "origin": "GENERATED",
            "ai_model": "gpt-4o-mini",
            "text": text,
            "version": 1,
            "accepted_seq": 1,
        } | values

        async def work(tx: Transaction) -> None:
            await tx.execute(insert(texts).values(row))
            changes: dict[str, Any] = {"version": entities.c.version + 1, "updated_at": func.now()}
            changes |= {"default_text_id": text_id} if default else {}
            await tx.execute(update(entities).where(entities.c.id == stored.id).values(changes))
            await index_documents(tx, [stored.id])

        await self.database.run(work)
        return text_id

    async def stored_with_text(self, known: Facts, text: str = "A text.") -> StoredEntity:
        stored = await self.store(known)
        await self.write(stored, text)
        return stored

    async def change(self, stored: StoredEntity, **values: Any) -> int:
        """The entity's new version; announced to nobody."""

        async def work(tx: Transaction) -> int:
            changed = (
                update(entities).where(entities.c.id == stored.id).values(version=entities.c.version + 1, **values)
            )
            return await tx.scalar(changed.returning(entities.c.version))

        return await self.database.run(work)

    async def announce(self, stored: StoredEntity, version: int | None = None) -> None:
        """Tell the cache of a change, by default of the creation, as the invalidator does."""
        await self.cache.invalidate(stored.kind, stored.slug, version or stored.version)

    async def alias(self, stored: StoredEntity, slug: str) -> None:
        async def work(tx: Transaction) -> None:
            await tx.execute(insert(slug_aliases).values(kind=stored.kind, slug=slug, entity_id=stored.id))

        await self.database.run(work)

    async def jobs(self) -> list[Mapping[str, Any]]:
        return [dict(row) for row in (await self.database.read(select(jobs).order_by(jobs.c.accepted_seq))).mappings()]

    async def age_jobs(self, seconds: float) -> None:
        """Make every job that much older."""

        async def work(tx: Transaction) -> None:
            await tx.execute(update(jobs).values(created_at=jobs.c.created_at - timedelta(seconds=seconds)))

        await self.database.run(work)

    async def count(self, kind: EntityKind) -> int:
        found = await self.database.read(select(func.count()).select_from(entities).where(entities.c.kind == kind))
        return int(found.scalar_one())


class LateCatalog:
    """Answers long after everybody's patience has ended."""

    async def lookup(self, kind: EntityKind, slug: str) -> Lookup:
        await SystemClock().sleep(60)
        raise Unavailable("tmdb")


@asynccontextmanager
async def running(
    database: Database,
    redis_url: str,
    catalog: FakeCatalog,
    *,
    lookup_s: float = 3.0,
    instead: Catalog | None = None,
    entities_type: type[PostgresEntities] = PostgresEntities,
    lists_type: type[PostgresLists] = PostgresLists,
    budget: Budget = TEN_AN_HOUR,
) -> AsyncGenerator[Gateway]:
    """The app as `gateway.app` wires it, without broker and relay."""
    clock, links = SystemClock(), Links(BASE)
    redis = connect(redis_url)
    cache = RedisCache(redis)
    responses = WatchedCache(cache)
    listed, answers_kept = lists_type(database, clock), RedisAnswerCache(cache)
    reader = entities_type(database, clock)
    store = PostgresJobs(database, AttemptPolicy(), budget)
    answers = PostgresAnswers(database)
    flags: dict[str, bool] = dict.fromkeys(FLAGS, True)
    identify = Identify(Authenticate(PostgresKeys(database), clock))
    request_generation = RequestGeneration(
        jobs=store,
        answers=answers,
        entities=reader,
        render=lambda accepted: job_documents.accepted(accepted, links),
    )
    read_entity = ReadEntity(
        entities=reader,
        cache=responses,
        jobs=store,
        request_generation=request_generation,
        look_up=LookUp(instead or CachedCatalog(catalog, clock), deadline_s=lookup_s),
        flags=ConfiguredFlags(flags),
        clock=clock,
        render=Resources(links).detail,
    )
    refresh_entity = RefreshEntity(
        index=reader,
        entities=reader,
        jobs=store,
        answers=answers,
        render=partial(_refresh_answer, links),
    )
    completions = Completions(database, clock)
    wait_for_job = WaitForJob(ReadJob(store, responses), completions, clock, capacity=100)
    app = FastAPI()
    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(Unavailable, on_unavailable)
    app.add_middleware(CachedReads, identify=identify, read_entity=read_entity)
    app.include_router(
        refresh_routes.router(identify=identify, refresh_entity=refresh_entity, wait_for_job=wait_for_job)
    )
    app.include_router(
        list_routes.router(
            identify=identify,
            list_entities=ListEntities(listed, answers_kept, partial(lists.page, Resources(links))),
            read_many=ReadMany(listed, answers_kept, partial(lists.many, Resources(links))),
            clock=clock,
        )
    )
    app.include_router(entity_routes.router(identify=identify, read_entity=read_entity, links=links))
    transport = httpx.ASGITransport(app=Frame(app))  # pyright: ignore[reportArgumentType] (the same protocol, spelled twice)
    polling = asyncio.create_task(completions.poll_forever())
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as http:
        yield Gateway(database, redis, cache, responses, reader, listed, http, catalog, flags)
    polling.cancel()
    await redis.aclose()


def _refresh_answer(links: Links, accepted: tuple[AcceptedJob, ...]) -> Answer:
    return refresh_documents.accepted(accepted[0], links)


def ago(seconds: float) -> datetime:
    return SystemClock().now().astimezone(UTC) - timedelta(seconds=seconds)
