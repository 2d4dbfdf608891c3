"""A crowd that asks for one thing at the same moment is served as one."""

import asyncio
from collections import Counter
from uuid import UUID

import pytest
from sqlalchemy import select
from tests.contracts.job_stores import POLICY, render, wanted
from tests.integration.gateway_reads.harness import facts, running

from gateway.adapters.postgres_entities import PostgresEntities
from gateway.adapters.postgres_jobs import PostgresJobs
from gateway.ports import Accepted, AcceptedJob, Detached
from gateway.read_ports import Entity, Naming
from shared.catalog import Lookup
from shared.clock import SystemClock
from shared.db.engine import Database, PoolOptions
from shared.db.tables import job_callers
from shared.entities import EntityKind
from shared.testing.catalog import FakeCatalog
from shared.tmdb.catalog import CachedCatalog

READERS = 1000


class HeldCatalog(FakeCatalog):
    """Thinks about every lookup until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.release = asyncio.Event()

    async def lookup(self, kind: EntityKind, slug: str) -> Lookup:
        answer = await super().lookup(kind, slug)
        await self.release.wait()
        return answer


class CountedEntities(PostgresEntities):
    """Counts how often the database was asked what a slug names, and for a whole entity; waits while it is held."""

    names = 0
    loads = 0
    held: asyncio.Event | None = None

    async def named(self, kind: EntityKind, slug: str) -> Naming | None:
        self.names += 1
        if self.held is not None:
            await self.held.wait()
        return await super().named(kind, slug)

    async def load(self, kind: EntityKind, entity_id: UUID) -> Entity | None:
        self.loads += 1
        return await super().load(kind, entity_id)


@pytest.mark.parametrize("kind", EntityKind)
async def test_a_thousand_readers_of_one_cold_title_cause_one_lookup_and_one_job(
    database: Database, redis_url: str, kind: EntityKind
) -> None:
    catalog = HeldCatalog()
    catalog.add(facts(kind, "The Matrix"))
    cached = CachedCatalog(catalog, SystemClock())

    async with running(
        database, redis_url, catalog, lookup_s=60, instead=cached, entities_type=CountedEntities
    ) as gateway:
        asking = [asyncio.create_task(gateway.get(kind, "the-matrix")) for _ in range(READERS)]
        await gateway.responses.until_asked(2 * READERS)
        catalog.release.set()
        answers = await asyncio.gather(*asking)

        [job] = await gateway.jobs()
        assert Counter(answer.status_code for answer in answers) == {202: READERS}
        assert {answer.json()["job_id"] for answer in answers} == {str(job["id"])}
        assert len(set(catalog.calls)) == len(catalog.calls) == 1
        assert isinstance(gateway.reader, CountedEntities)
        assert gateway.reader.names <= 2


@pytest.mark.parametrize("kind", EntityKind)
async def test_a_thousand_readers_of_one_stored_title_cause_one_read_of_the_database(
    database: Database, redis_url: str, kind: EntityKind
) -> None:
    async with running(database, redis_url, FakeCatalog(), entities_type=CountedEntities) as gateway:
        stored = await gateway.stored_with_text(facts(kind, "The Matrix"))
        reader = gateway.reader
        assert isinstance(reader, CountedEntities)
        reader.held, reader.names, reader.loads = asyncio.Event(), 0, 0
        asking = [asyncio.create_task(gateway.get(kind, stored.slug)) for _ in range(READERS)]
        await gateway.responses.until_asked(2 * READERS)
        reader.held.set()
        answers = await asyncio.gather(*asking)

    assert Counter(answer.status_code for answer in answers) == {200: READERS}
    assert len({answer.content for answer in answers}) == 1
    assert (reader.names, reader.loads) == (1, 1)


async def test_a_crowd_with_one_identity_needs_no_connection_each(database_url: str) -> None:
    callers = [f"key:{number}" for number in range(300)]

    async with Database.open(database_url, "tests", PoolOptions(size=2)) as database:
        store = PostgresJobs(database, POLICY)
        answers = await asyncio.gather(*(store.accept((wanted(),), caller, render) for caller in callers))
        joined = (await database.read(select(job_callers.c.caller))).scalars().all()
        left = await store.cancel(job_of(answers[0]).job_id, callers[0])

    assert len({job_of(answer).job_id for answer in answers}) == 1
    assert Counter(job_of(answer).created for answer in answers) == {True: 1, False: 299}
    assert sorted(joined) == sorted(callers)
    assert isinstance(left, Detached)


def job_of(answer: object) -> AcceptedJob:
    assert isinstance(answer, Accepted)
    return answer.jobs[0]
