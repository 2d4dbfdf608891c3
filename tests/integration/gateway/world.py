"""A gateway over real PostgreSQL and Redis, without a broker, and the worker's part played by hand."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import func, insert, select, text

from gateway.app import create_app
from gateway.config import GatewaySettings
from shared import ids
from shared.clock import SystemClock
from shared.db.engine import Database, Transaction
from shared.db.jobs import in_seconds, move, the_job
from shared.db.keys import CreatedKey, create_key
from shared.db.tables import entities, metadata
from shared.entities import EntityKind
from shared.jobs import Failure, JobStatus, Result

NO_BROKER = "amqp://guest:guest@127.0.0.1:9/"
MATRIX = {"entity_type": "MOVIE", "slug": "the-matrix-1999"}


def settings_for(database_url: str, redis_url: str, **changes: Any) -> GatewaySettings:
    values: dict[str, Any] = {
        "database_url": SecretStr(database_url),
        "redis_url": SecretStr(redis_url),
        "rabbitmq_url": SecretStr(NO_BROKER),
        "tmdb_api_key": SecretStr("none"),
        "public_base_url": "https://api.test",
    }
    return GatewaySettings(**values | changes)


@dataclass(slots=True)
class World:
    """`client` calls without a key, `post` with the key of one owner."""

    app: FastAPI
    client: httpx.AsyncClient
    database: Database
    key: CreatedKey

    async def post(self, body: Mapping[str, Any], key: CreatedKey | None = None, **headers: str) -> httpx.Response:
        sent = {"X-API-Key": (key or self.key).key} | {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post("/api/v1/generate", json=dict(body), headers=sent)

    async def accepted(self, body: Mapping[str, Any] = MATRIX, **headers: str) -> UUID:
        response = await self.post(body, None, **headers)
        assert response.status_code == 202, response.text
        return UUID(response.json()["job_id"])

    async def job(self, job_id: UUID, **headers: str) -> httpx.Response:
        return await self.client.get(
            f"/api/v1/jobs/{job_id}", headers={name.replace("_", "-"): value for name, value in headers.items()}
        )

    async def cancel(self, job_id: UUID, key: CreatedKey | None = None) -> httpx.Response:
        return await self.client.post(f"/api/v1/jobs/{job_id}/cancel", headers={"X-API-Key": (key or self.key).key})

    async def other_key(self) -> CreatedKey:
        return await create_key(self.database, "another")

    async def move(self, job_id: UUID, status: JobStatus, **values: Any) -> None:
        async def work(tx: Transaction) -> None:
            moved = await move(tx, status, the_job(job_id), actor="generator", values=values)
            assert moved is not None

        await self.database.run(work)

    async def start(self, job_id: UUID) -> None:
        await self.move(job_id, JobStatus.PROCESSING, attempt=1, lease_until=in_seconds("lease_s", 30))

    async def finish(self, job_id: UUID, slug: str = "the-matrix-1999") -> None:
        entity_id = ids.row_id()
        result = Result(entity_id=entity_id, slug=slug, entity_version=2, text_id=ids.row_id(), became_default=True)
        await self.start(job_id)
        await self.move(job_id, JobStatus.DONE, result=result.model_dump(mode="json"), entity_id=entity_id)

    async def fail(self, job_id: UUID, failure: Failure) -> None:
        await self.move(job_id, JobStatus.FAILED, error=failure.model_dump(mode="json"))

    async def store_entity(self, slug: str, default_text_id: UUID | None = None) -> UUID:
        entity_id = ids.row_id()

        async def work(tx: Transaction) -> None:
            await tx.execute(
                insert(entities).values(
                    id=entity_id,
                    kind=EntityKind.MOVIE,
                    slug=slug,
                    title="The Matrix",
                    title_slug=slug.rpartition("-")[0],
                    year=1999,
                    default_text_id=default_text_id,
                )
            )

        await self.database.run(work)
        return entity_id

    async def count(self, table: str) -> int:
        return int((await self.database.read(select(func.count()).select_from(metadata.tables[table]))).scalar_one())

    async def execute(self, statement: str) -> None:
        async def work(tx: Transaction) -> None:
            await tx.execute(text(statement))

        await self.database.run(work)


@asynccontextmanager
async def running(settings: GatewaySettings, database: Database) -> AsyncGenerator[World]:
    """A gateway in this process, called without a network."""
    app = create_app(settings)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://gateway", timeout=30) as client,
    ):
        yield World(app, client, database, await create_key(database, "owner"))


class Quiet(uvicorn.Server):
    """Leaves signals alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


@asynccontextmanager
async def listening(settings: GatewaySettings, database: Database) -> AsyncGenerator[tuple[World, Quiet]]:
    """The same behind a real server, for streams and disconnects."""
    app = create_app(settings)
    options: dict[str, Any] = {"http": "httptools", "proxy_headers": False, "timeout_graceful_shutdown": 3}
    server = Quiet(uvicorn.Config(app, port=0, log_config=None, access_log=False, **options))
    serving = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(10):
            while not server.started:
                await asyncio.wait([serving], timeout=0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            yield World(app, client, database, await create_key(database, "owner")), server
    finally:
        server.should_exit = True
        await serving


async def eventually(holds: Callable[[], Awaitable[bool]], within_s: float = 5.0) -> None:
    """Poll `holds` with a deadline."""
    clock = SystemClock()
    async with asyncio.timeout(within_s):
        while not await holds():
            await clock.sleep(0.02)
