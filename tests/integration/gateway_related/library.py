"""The whole gateway over a library of its own, filled by hand."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx
from pydantic import SecretStr
from redis.asyncio import Redis
from sqlalchemy import insert

from gateway.app import create_app
from gateway.config import GatewaySettings
from shared import ids
from shared.cache import RedisCache
from shared.db.engine import Database, Transaction
from shared.db.entity_rows import StoredEntity
from shared.db.facts import create_entity
from shared.db.tables import slug_aliases, texts
from shared.entities import (
    KINDS,
    CollectionFact,
    CreditFact,
    Details,
    EntityKind,
    Facts,
    MovieDetails,
    PersonDetails,
    Role,
    ShowType,
    TvDetails,
)

BASE = "https://api.moviemind.example"
MOVIE, PERSON, SERIES, SHOW = EntityKind
TITLES = (MOVIE, SERIES, SHOW)
MATRIX = CollectionFact(tmdb_id=2344, name="The Matrix Collection")


def released(
    kind: EntityKind, title: str, day: str | int | None, tmdb_id: int, *cast: CreditFact, **more: Any
) -> Facts:
    """A title of any kind; `day` is its first date, or the year alone."""
    first = date.fromisoformat(day) if isinstance(day, str) else None
    details: dict[EntityKind, Details] = {
        MOVIE: MovieDetails(director=more.pop("director", None), release_date=first),
        SERIES: TvDetails(first_air_date=first, number_of_seasons=2),
        SHOW: TvDetails(first_air_date=first, number_of_seasons=2, show_type=ShowType.TALK_SHOW),
    }
    year = first.year if first else day if isinstance(day, int) else None
    return Facts(kind=kind, tmdb_id=tmdb_id, title=title, year=year, details=details[kind], credits=cast, **more)


def born(name: str, tmdb_id: int, day: str | None = None, birthplace: str | None = None) -> Facts:
    first = date.fromisoformat(day) if day else None
    details = PersonDetails(birth_date=first, birthplace=birthplace)
    return Facts(kind=PERSON, tmdb_id=tmdb_id, title=name, year=first.year if first else None, details=details)


def by(tmdb_id: int, role: Role = Role.ACTOR, character: str | None = None, order: int | None = None) -> CreditFact:
    """What the person with this id, called `Person <id>`, did."""
    return CreditFact(tmdb_id=tmdb_id, name=f"Person {tmdb_id}", role=role, character=character, billing_order=order)


def author(kind: EntityKind) -> Role:
    """Who makes a title of the kind."""
    return Role.DIRECTOR if kind is MOVIE else Role.CREATOR


@dataclass(slots=True)
class Library:
    database: Database
    cache: RedisCache
    http: httpx.AsyncClient

    async def get(
        self, kind: EntityKind, path: str, headers: dict[str, str] | None = None, /, **query: Any
    ) -> httpx.Response:
        return await self.http.get(f"/api/v1/{KINDS[kind].path}/{path}", params=query or None, headers=headers)

    async def store(self, *known: Facts) -> list[StoredEntity]:
        """Stores each in a transaction of its own, and announces it."""
        stored: list[StoredEntity] = []
        for facts in known:

            async def work(tx: Transaction, facts: Facts = facts) -> StoredEntity:
                return await create_entity(tx, facts)

            stored.append(await self.database.run(work))
            await self.cache.invalidate(facts.kind, stored[-1].slug, stored[-1].version)
        return stored

    async def alias(self, stored: StoredEntity, slug: str) -> None:
        async def work(tx: Transaction) -> None:
            await tx.execute(insert(slug_aliases).values(kind=stored.kind, slug=slug, entity_id=stored.id))

        await self.database.run(work)

    async def write(self, stored: StoredEntity, text: str) -> None:
        """A current text."""

        async def work(tx: Transaction) -> None:
            row = {
                "id": ids.row_id(),
                "entity_id": stored.id,
                "form": KINDS[stored.kind].form,
                "locale": "en-US",
                "context_tag": "DEFAULT",
                "origin": "GENERATED",
                "text": text,
                "version": 1,
                "accepted_seq": 1,
            }
            await tx.execute(insert(texts).values(row))

        await self.database.run(work)

    async def related(self, kind: EntityKind, slug: str, **query: Any) -> list[tuple[str, str, int | None]]:
        """Slug, type and order of the related titles."""
        answer = await self.get(kind, f"{slug}/related", **query)
        assert answer.status_code == 200, answer.text
        shown = answer.json()[f"related_{KINDS[kind].path.replace('-', '_')}"]
        return [(one["slug"], one["relationship_type"], one["relationship_order"]) for one in shown]


@asynccontextmanager
async def opened(database: Database, database_url: str, redis_url: str) -> AsyncGenerator[Library]:
    settings = GatewaySettings(
        database_url=SecretStr(database_url),
        redis_url=SecretStr(redis_url),
        rabbitmq_url=SecretStr("amqp://guest:guest@127.0.0.1:9/"),
        tmdb_api_key=SecretStr("none"),
        tmdb_base_url="http://127.0.0.1:9/3",
        public_base_url=BASE,
    )
    app = create_app(settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=BASE) as http,
        Redis.from_url(redis_url) as redis,
    ):
        yield Library(database, RedisCache(redis), http)


def slugs_of(found: Sequence[tuple[str, str, int | None]]) -> list[str]:
    return [slug for slug, _, _ in found]
