"""The one way to PostgreSQL: a bounded pool, and the unit of work that alone commits.

Timeouts are set on the server side of every connection, so that no statement, lock or forgotten transaction waits without a bound.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Executable, exc, text
from sqlalchemy.engine import CursorResult, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared.errors import Unavailable

_RETRYABLE_SQLSTATES = frozenset({"40001", "40P01"})  # serialization_failure, deadlock_detected
_AWAY_SQLSTATES = (
    "08",  # connection
    "53",  # resources: disk full, too many clients
    "57P",  # shutdown
    "58",  # system
    "3D000",  # no such database, or
    "42P01",  # no such table: the migrations have not run yet
    "55P03",  # a lock was not to be had in time,
    "57014",  # or the statement took too long: somebody else is in the way, and nothing was done
)
LOCK_NOT_AVAILABLE = "55P03"
MAX_TRIES = 3
T = TypeVar("T")
RELAY_CHANNEL = "moviemind_outbox"
_PING = text("SELECT to_regclass('jobs') IS NOT NULL")
_NOTIFY = text(f"NOTIFY {RELAY_CHANNEL}")


@dataclass(frozen=True, slots=True)
class PoolOptions:
    """Connections of one process, and how long a caller may wait for one."""

    size: int = 10
    wait_s: float = 5.0
    connect_timeout_s: float = 5.0
    statement_timeout_ms: int = 15_000
    lock_timeout_ms: int = 5_000


def sqlstate(error: BaseException) -> str | None:
    """The SQLSTATE of a database error, wherever the driver put it."""
    if isinstance(error, exc.DBAPIError):
        return getattr(error.orig, "sqlstate", None)
    return getattr(error, "sqlstate", None)


def is_away(error: BaseException) -> bool:
    """Whether `error` says that PostgreSQL cannot be worked with now, as opposed to a statement it refused."""
    if isinstance(error, exc.TimeoutError | OSError | TimeoutError):  # pool exhausted; connection refused or timed out
        return True
    if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
        return True
    state = sqlstate(error)
    if state is not None:
        return state.startswith(_AWAY_SQLSTATES)
    return isinstance(error, exc.InterfaceError | exc.OperationalError)


@dataclass(slots=True)
class Transaction:
    """One open transaction. Whatever must happen after the commit is named beforehand and driven by rows, never by memory alone."""

    connection: AsyncConnection
    wakes_relay: bool = field(default=False)

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        return await self.connection.execute(statement, parameters)

    async def scalar(self, statement: Executable, parameters: Any = None) -> Any:
        return await self.connection.scalar(statement, parameters)


class Database:
    """A pool of connections to one database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._reader = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._on_commit: Callable[[], bool] = lambda: False

    @classmethod
    def connect(cls, url: str, application_name: str, options: PoolOptions | None = None) -> "Database":
        """A database whose connections are opened when first needed: creating it never fails and waits for nothing."""
        chosen = options or PoolOptions()
        engine = create_async_engine(
            make_url(url).set(drivername="postgresql+asyncpg"),
            pool_size=chosen.size,
            max_overflow=0,
            pool_timeout=chosen.wait_s,
            pool_use_lifo=True,
            connect_args={
                "timeout": chosen.connect_timeout_s,
                "command_timeout": chosen.statement_timeout_ms / 1000
                + 5,  # a server that has gone silent ends nothing itself
                "server_settings": {
                    "application_name": application_name,
                    "statement_timeout": str(chosen.statement_timeout_ms),
                    "lock_timeout": str(chosen.lock_timeout_ms),
                    "idle_in_transaction_session_timeout": "60000",
                    "timezone": "UTC",
                    "jit": "off",
                },
            },
        )
        return cls(engine)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, url: str, application_name: str, options: PoolOptions | None = None
    ) -> AsyncGenerator["Database"]:
        database = cls.connect(url, application_name, options)
        try:
            yield database
        finally:
            await database.close()

    @property
    def engine(self) -> AsyncEngine:
        return self._engine

    def on_commit(self, wake_relay: Callable[[], bool]) -> None:
        """Call `wake_relay` after each commit that left an outbox row; it says whether a relay of this process will publish it."""
        self._on_commit = wake_relay

    async def run(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run `work` in one transaction and commit it.

        Deadlocks and serialization failures are retried, three tries in all, so `work` must have no effect outside the database.
        Raises Unavailable("postgres") when the server is away, when no connection or lock is free in time, or after the third try;
        when the server goes away during the commit, the outcome is unknown and must be read again by id.
        """
        for attempt in range(1, MAX_TRIES + 1):
            try:
                return await self._once(work)
            except (exc.SQLAlchemyError, OSError, TimeoutError) as error:
                if attempt < MAX_TRIES and sqlstate(error) in _RETRYABLE_SQLSTATES:
                    continue
                if is_away(error) or sqlstate(error) in _RETRYABLE_SQLSTATES:
                    raise Unavailable("postgres") from error
                raise
        raise AssertionError("unreachable")

    async def _once(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        async with self._engine.connect() as connection:
            transaction = Transaction(connection)
            async with connection.begin():
                result = await work(transaction)
        if transaction.wakes_relay and not self._on_commit():
            await self.notify_relays()
        return result

    async def notify_relays(self) -> None:
        """Wake the relays of other processes: this one has none that can publish now.

        Sent on its own after the commit, because a NOTIFY inside it would make all committing transactions queue for one lock. Losing it
        costs delay only: relays also poll.
        """
        try:
            await self.read(_NOTIFY)
        except Unavailable:
            return

    async def read(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """The buffered result of one statement outside any transaction. Raises Unavailable("postgres")."""
        try:
            async with self._reader.connect() as connection:
                return await connection.execute(statement, parameters)
        except (exc.SQLAlchemyError, OSError, TimeoutError) as error:
            if is_away(error):
                raise Unavailable("postgres") from error
            raise

    async def write(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """One statement that is a transaction by itself, and what it returns. Raises Unavailable("postgres")."""
        return await self.read(statement, parameters)

    async def reachable(self) -> bool:
        """Whether PostgreSQL can be worked with now: it answers, and the migrations have run."""
        try:
            return bool((await self.read(_PING)).scalar())
        except Unavailable:
            return False

    async def close(self) -> None:
        await self._engine.dispose()
