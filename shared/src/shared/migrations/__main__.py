"""`python -m shared.migrations [upgrade|check|current]`: bring the database at DATABASE_URL to the newest schema, or compare."""

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy.exc import SQLAlchemyError

from shared.settings import PostgresSettings, load

USAGE = "usage: python -m shared.migrations [upgrade|check|current]"


def config(url: str) -> Config:
    """Alembic's configuration for the database at `url`."""
    alembic = Config()
    alembic.set_main_option("script_location", str(Path(__file__).parent))
    alembic.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    alembic.set_main_option("file_template", "%%(year)d-%%(month).2d-%%(day).2d-%%(hour).2d%%(minute).2d_%%(slug)s")
    return alembic


def main(arguments: list[str]) -> int:
    action = arguments[0] if arguments else "upgrade"
    if action not in {"upgrade", "check", "current", "revision"} or len(arguments) > 2:
        print(USAGE, file=sys.stderr)  # noqa: T201
        return 2
    alembic = config(load(PostgresSettings).database_url.get_secret_value())
    try:
        if action == "upgrade":
            command.upgrade(alembic, "head")
        elif action == "check":
            command.check(alembic)
        elif action == "revision":
            command.revision(alembic, message=arguments[1], autogenerate=True)
        else:
            command.current(alembic, check_heads=True)
    except (CommandError, SQLAlchemyError, OSError) as error:
        print(f"moviemind: migrations: {str(error).splitlines()[0]}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
