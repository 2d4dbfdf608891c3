"""One process at a time, for as long as it lives: an advisory lock that a connection of its own holds."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db.engine import Database
from shared.errors import Unavailable

_TAKE = text("SELECT pg_try_advisory_lock(:lock)")
_PING = text("SELECT 1")


class Leadership:
    """The right to act alone. It ends with the connection, whatever becomes of the process."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def confirm(self) -> None:
        """Return while the lock is held. Raises Unavailable("postgres") when its connection is lost."""
        try:
            await self._connection.execute(_PING)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise Unavailable("postgres") from error


@asynccontextmanager
async def leading(database: Database, lock: int) -> AsyncGenerator[Leadership | None]:
    """Hold `lock` within the block; None when another process holds it. Takes one connection. Raises Unavailable("postgres")."""
    try:
        connection = await database.engine.execution_options(isolation_level="AUTOCOMMIT").connect()
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        raise Unavailable("postgres") from error
    taken = True
    try:
        try:
            taken = await connection.scalar(_TAKE, {"lock": lock})
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise Unavailable("postgres") from error
        yield Leadership(connection) if taken else None
    finally:
        if taken:
            await connection.invalidate()  # ending the session frees the lock, also when it cannot be asked to
        await connection.close()
