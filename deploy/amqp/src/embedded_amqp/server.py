"""The broker as a TCP server on one event loop."""

import asyncio
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote

from embedded_amqp.broker import Broker
from embedded_amqp.connection import Connection
from embedded_amqp.errors import CONNECTION_FORCED, AmqpError
from embedded_amqp.handshake import Credentials
from embedded_amqp.journal import Journal, JournalError
from embedded_amqp.memory import Memory
from embedded_amqp.store import NoStore
from embedded_amqp.timing import LoopScheduler

_MAX_CONNECTIONS: Final = 1024
_GOODBYE_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Settings:
    """`port` 0 takes a free one; without `journal` nothing survives a restart."""

    host: str = "127.0.0.1"
    port: int = 0
    user: str = "guest"
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    journal: Path | None = None
    memory_limit_bytes: int = 256 * 1024 * 1024


class Server:
    """`async with Server(Settings()) as server:` serves until the block ends.

    Starting raises OSError when the address cannot be used and `JournalError` when the journal cannot.
    """

    broker: Broker
    _failed: asyncio.Future[JournalError]

    def __init__(self, settings: Settings) -> None:
        self.credentials = Credentials(settings.user, settings.password)
        self.port = settings.port
        self._settings = settings
        self._journal: Journal | None = None
        self._listener: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._to_flush: dict[Connection, None] = {}
        self._flush_scheduled = False
        self._empty = asyncio.Event()

    @property
    def url(self) -> str:
        """With the password."""
        return self._url(f":{quote(self._settings.password, safe='')}")

    @property
    def public_url(self) -> str:
        return self._url("")

    @property
    def connection_count(self) -> int:
        return len(self._connections)

    def _url(self, password: str) -> str:
        return f"amqp://{quote(self._settings.user, safe='')}{password}@{self._settings.host}:{self.port}/"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._failed = loop.create_future()
        scheduler = LoopScheduler(loop)
        memory = Memory(self._settings.memory_limit_bytes, lambda: scheduler.soon(self._unblock))
        if self._settings.journal is not None:
            self._journal = Journal(self._settings.journal, scheduler, self._schedule_flush)
        self.broker = Broker(scheduler, self._journal or NoStore(), memory)
        try:
            if self._journal is not None:
                self._journal.restore(self.broker)
            address = (self._settings.host, self._settings.port)
            self._listener = await loop.create_server(lambda: Connection(self, loop), *address)
        except BaseException:
            self._close_journal()
            raise
        self.port = self._listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Tell the clients, wait a moment for them, commit. Does nothing the second time."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for connection in list(self._connections):
            connection.shut_down(AmqpError(CONNECTION_FORCED, "broker forced connection closure"))
        try:
            async with asyncio.timeout(_GOODBYE_S):
                while self._connections:
                    self._empty.clear()
                    await self._empty.wait()
        except TimeoutError:
            self._abort_all()
        self._flush()
        self._close_journal()

    async def failure(self) -> JournalError:
        """Wait until the journal cannot be written any more; by then all connections are closed."""
        return await asyncio.shield(self._failed)

    def _close_journal(self) -> None:
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    # -- Host

    def join(self, connection: Connection) -> bool:
        self._connections.add(connection)
        return len(self._connections) <= _MAX_CONNECTIONS

    def leave(self, connection: Connection) -> None:
        self._connections.discard(connection)
        self._to_flush.pop(connection, None)
        if not self._connections:
            self._empty.set()

    def flush_later(self, connection: Connection) -> None:
        self._to_flush[connection] = None
        self._schedule_flush()

    def _schedule_flush(self) -> None:
        if not self._flush_scheduled:
            self._flush_scheduled = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        """Once per loop tick: make it durable, then let it out. A confirm must never overtake its commit."""
        self._flush_scheduled = False
        to_flush, self._to_flush = self._to_flush, {}
        if self._failed.done():
            return
        try:
            if self._journal is not None:
                self._journal.commit()
        except JournalError as error:
            self._fail(error)
            return
        for connection in to_flush:
            connection.flush()

    def _fail(self, error: JournalError) -> None:
        self._failed.set_result(error)
        self._abort_all()

    def _abort_all(self) -> None:
        for connection in list(self._connections):
            connection.abort()

    def _unblock(self) -> None:
        for connection in list(self._connections):
            connection.unblock()
