from collections.abc import AsyncIterator, Iterator

import pytest
from tests.integration.gateway.world import World, listening, running, settings_for

from gateway.config import GatewaySettings
from shared.db.engine import Database
from shared.faults import arm


@pytest.fixture
def settings(database_url: str, redis_url: str) -> GatewaySettings:
    return settings_for(database_url, redis_url)


@pytest.fixture
async def world(settings: GatewaySettings, database: Database) -> AsyncIterator[World]:
    async with running(settings, database) as world:
        yield world


@pytest.fixture
async def live(settings: GatewaySettings, database: Database) -> AsyncIterator[World]:
    async with listening(settings, database) as (world, _):
        yield world


@pytest.fixture(autouse=True)
def _no_faults() -> Iterator[None]:
    yield
    arm("")
