import re
from pathlib import Path

from tests.support import migrating

import shared.migrations

VERSIONS = Path(shared.migrations.__file__).parent / "versions"


async def test_the_migrated_schema_is_the_one_the_code_declares(database_url: str) -> None:
    output = migrating.run(database_url, "check")

    assert "No new upgrade operations" in output


async def test_migrating_twice_changes_nothing(database_url: str) -> None:
    migrating.upgrade(database_url)
    migrating.run(database_url, "current")


def test_every_migration_is_dated_and_waits_for_no_lock_without_a_bound() -> None:
    migrations = sorted(VERSIONS.glob("*.py"))

    assert migrations
    for migration in migrations:
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}-\d{4}_\w+\.py", migration.name)
        assert "SET LOCAL lock_timeout = '5s'" in migration.read_text()
        assert "SET LOCAL statement_timeout = " in migration.read_text()
