"""The database as the operator commands use it: every failure a `CliError`."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from moviemind.errors import CliError
from moviemind.supervisor.probes import without_password
from shared.db.engine import Database, sqlstate
from shared.errors import Unavailable

_REASONS = {
    "42P01": ("has no tables of MovieMind, or older ones", "Bring it up to date: ./moviemind migrate"),
    "42703": ("has older tables than this MovieMind", "Bring it up to date: ./moviemind migrate"),
    "28P01": ("refuses the password", "Correct DATABASE_URL."),
    "28000": ("refuses the user", "Correct DATABASE_URL."),
    "3D000": ("does not exist on that server", "Create it, or correct DATABASE_URL."),
}


@asynccontextmanager
async def database(url: str) -> AsyncGenerator[Database]:
    """The database at `url`. Raises `CliError` when it is away, refuses us or has not our tables."""
    shown = without_password(url)
    try:
        async with Database.open(url, application_name="cli") as db:
            yield db
    except Exception as error:
        cause = error.__cause__ if isinstance(error, Unavailable) else error
        if cause is not None and (reason := _REASONS.get(sqlstate(cause) or "")) is not None:
            raise CliError(f"the database {shown} {reason[0]}", reason[1]) from error
        if isinstance(error, Unavailable):
            raise CliError(f"cannot reach the database {shown}", "Is it running? ./moviemind doctor looks.") from error
        raise
