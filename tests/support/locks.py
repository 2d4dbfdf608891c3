"""What waits for what in PostgreSQL."""

from sqlalchemy import text

from shared.db.engine import Database

_WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


async def waits_for_lock(database: Database) -> bool:
    """Whether a session of this database is waiting for another's lock."""
    return bool((await database.read(_WAITING)).scalar_one())
