"""`python -m shared.migrations [upgrade|check|current]`: bring the database at DATABASE_URL to the newest schema, or compare."""

import asyncio
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy.exc import SQLAlchemyError

from shared.db.engine import Database, PoolOptions
from shared.db.search_backfill import index_missing
from shared.errors import MovieMindError
from shared.settings import PostgresSettings, load

USAGE = "usage: python -m shared.migrations [upgrade|check|current]"


def config(url: str) -> Config:
    """Alembic's configuration for the database at `url`."""
    alembic = Config()
    alembic.set_main_option("script_location", str(Path(__file__).parent))
    alembic.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    alembic.set_main_option("file_template", "%%(year)d-%%(month).2d-%%(day).2d-%%(hour).2d%%(minute).2d_%%(slug)s")
    return alembic


async def fill_in(url: str) -> None:
    """Give stored rows what newer code reads of them; in batches, because a migration must not hold locks for long."""
    async with Database.open(url, "migrations", PoolOptions(size=1)) as database:
        await index_missing(database)


def main(arguments: list[str]) -> int:
    action = arguments[0] if arguments else "upgrade"
    if action not in {"upgrade", "check", "current", "revision"} or len(arguments) > 2:
        print(USAGE, file=sys.stderr)  # noqa: T201
        return 2
    url = load(PostgresSettings).database_url.get_secret_value()
    alembic = config(url)
    try:
        if action == "upgrade":
            command.upgrade(alembic, "head")
            asyncio.run(fill_in(url))
        elif action == "check":
            command.check(alembic)
        elif action == "revision":
            command.revision(alembic, message=arguments[1], autogenerate=True)
        else:
            command.current(alembic, check_heads=True)
    except (CommandError, MovieMindError, SQLAlchemyError, OSError) as error:
        print(f"moviemind: migrations: {str(error).splitlines()[0]}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
