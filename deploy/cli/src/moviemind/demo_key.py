"""The API key that `up` prints."""

from moviemind.database import database
from moviemind.paths import DataDir, unwritable, write_private
from shared.db.keys import create_key, find_key


async def demo_key(data: DataDir, database_url: str) -> str:
    """The demo key of this data directory, made at the first start and again when the database does not know it. Raises `CliError`."""
    async with database(database_url) as db:
        stored = stored_key(data)
        row = await find_key(db, stored) if stored else None
        if stored and row and row.revoked_at is None:
            return stored
        created = await create_key(db, "demo")
    write_private(data.demo_key, created.key + "\n")
    return created.key


def stored_key(data: DataDir) -> str | None:
    """The key as it is stored; None before the first start. Raises `CliError`."""
    try:
        return data.demo_key.read_text(encoding="ascii").strip() or None
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise unwritable(data.demo_key, OSError(str(error))) from error
