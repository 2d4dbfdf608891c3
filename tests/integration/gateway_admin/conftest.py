from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from tests.integration.gateway.world import running, settings_for
from tests.integration.gateway_admin.desk import TOKEN, Desk

from shared.db.engine import Database


@pytest.fixture
async def desk(database_url: str, redis_url: str, database: Database) -> AsyncIterator[Desk]:
    settings = settings_for(database_url, redis_url, admin_api_token=SecretStr(TOKEN))
    async with running(settings, database) as world:
        yield Desk(world)
