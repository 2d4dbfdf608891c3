"""How much waits, and how long."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text

from shared.db.engine import Database
from shared.jobs import ACTIVE

_OUTBOX = text("""
SELECT count(*) AS events, coalesce(extract(epoch FROM now() - min(available_at) FILTER (WHERE available_at <= now())), 0) AS age_s
FROM outbox
""")
_JOBS = text(
    "SELECT status, count(*) AS jobs FROM jobs WHERE status IN ('PENDING', 'PROCESSING', 'RETRYING') GROUP BY status"
)


@dataclass(frozen=True, slots=True)
class Levels:
    """`oldest_due_age_s` is 0 while no event is due; `active_jobs` has every status that is not an end."""

    outbox_rows: int
    oldest_due_age_s: float
    active_jobs: Mapping[str, int]


async def read_levels(database: Database) -> Levels:
    """The levels now. Raises Unavailable("postgres")."""
    outbox = (await database.read(_OUTBOX)).mappings().one()
    found = {row["status"]: int(row["jobs"]) for row in (await database.read(_JOBS)).mappings().all()}
    active = {status.value: found.get(status, 0) for status in sorted(ACTIVE)}
    return Levels(int(outbox["events"]), float(outbox["age_s"]), active)
