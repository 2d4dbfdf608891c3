import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.integration.gateway.world import listening, settings_for
from tests.integration.gateway_admin.desk import TOKEN, Desk

from moviemind.__main__ import main
from moviemind.paths import DataDir
from shared.db.engine import Database

sys.path.insert(0, str(Path(__file__).parent))  # tiny_system
Run = Callable[..., Awaitable[tuple[object, str, str]]]
"""One command as typed: its status, stdout and stderr."""


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    """A data directory that another user may pass through, as PostgreSQL needs when the tests run as root."""
    data = DataDir(tmp_path / "data")
    data.prepare()
    return data


@pytest.fixture
async def desk(database_url: str, redis_url: str, database: Database) -> AsyncIterator[Desk]:
    settings = settings_for(database_url, redis_url, admin_api_token=SecretStr(TOKEN))
    async with listening(settings, database) as (world, _):
        yield Desk(world)


@pytest.fixture
def run(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """One command: (status, stdout, stderr)."""
    monkeypatch.setenv("MOVIEMIND_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("MOVIEMIND_URL", str(desk.world.client.base_url))
    monkeypatch.setenv("MOVIEMIND_ADMIN_TOKEN", TOKEN)

    async def command(*words: str) -> tuple[object, str, str]:
        with pytest.raises(SystemExit) as ended:
            await asyncio.to_thread(main, list(words))
        output = capsys.readouterr()
        return ended.value.code, output.out, output.err

    return command
