"""Checking costs what has happened lately, not what is stored."""

from sqlalchemy import text
from tests.integration.shared.planted import A_MONTH, plant

from shared.db.engine import Database
from shared.invariants import CHECKED, Evidence, check_all

HOUR_S = 3600.0


async def test_the_last_hour_of_a_large_database_is_checked_without_reading_the_rest(
    database: Database, database_url: str
) -> None:
    await plant(database, *A_MONTH)
    before = await read_in_sequence(database)

    async with Database.open(database_url, "invariants") as own:  # its end sends what it has counted
        results = await check_all(Evidence(own, window_s=HOUR_S))
    after = await read_in_sequence(database)

    assert [result.violations for result in results] == [()] * len(CHECKED)
    assert {reason for result in results for reason in result.unchecked} == {"no broker to ask", "no Redis to ask"}
    assert after == before


async def read_in_sequence(database: Database) -> dict[str, int]:
    """Rows of the large tables that were read one after the other so far, by anyone who is gone."""
    large = ["jobs", "job_transitions", "texts", "ai_calls", "entities", "idempotency_keys"]
    await database.close()
    found = await database.read(
        text("SELECT relname, seq_tup_read FROM pg_stat_user_tables WHERE relname = ANY(:large)"), {"large": large}
    )
    return {row["relname"]: row["seq_tup_read"] for row in found.mappings().all()}
