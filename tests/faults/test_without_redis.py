"""Reads while Redis is away: F06."""

import asyncio
from typing import Any

from tests.integration.gateway_reads.harness import facts, running

from gateway.adapters.postgres_entities import PostgresEntities
from shared.db.engine import Database
from shared.entities import EntityKind
from shared.testing.catalog import FakeCatalog

NO_REDIS = "redis://127.0.0.1:1/0"
READERS = 50


class HeldEntities(PostgresEntities):
    """Counts what is read, and keeps the first read open until it is let go on."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.loads = 0
        self.go_on = asyncio.Event()

    async def load(self, kind: EntityKind, entity_id: Any) -> Any:
        self.loads += 1
        found = await super().load(kind, entity_id)
        await self.go_on.wait()
        return found


async def test_f06_without_redis_a_burst_of_reads_costs_postgres_one_or_two(database: Database) -> None:
    async with running(database, NO_REDIS, FakeCatalog(), entities_type=HeldEntities) as gateway:
        held = gateway.reader
        assert isinstance(held, HeldEntities)
        stored = await gateway.stored_with_text(facts(EntityKind.MOVIE, "The Matrix"))
        readers = [asyncio.create_task(gateway.get(EntityKind.MOVIE, stored.slug)) for _ in range(READERS)]
        await gateway.responses.until_asked(READERS)
        held.go_on.set()
        answers = await asyncio.gather(*readers)

    assert {answer.status_code for answer in answers} == {200}
    assert held.loads <= 2
