"""Durable state in one SQLite file: topology, and persistent messages in durable queues.

What `commit` returned for survives the death of the process (kill -9). Losing power may lose the last commits: WAL with
synchronous=NORMAL does not wait for the disk. Deliveries are not written down; a message that was unacknowledged when
the process died is delivered again.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from pamqp import decode, encode
from pamqp.common import FieldTable

from embedded_amqp.broker import Broker, ExchangeSpec
from embedded_amqp.errors import AmqpError
from embedded_amqp.messages import Message
from embedded_amqp.properties import Properties
from embedded_amqp.timing import Scheduler

_FORMAT: Final = 1
_SCHEMA: Final = """
CREATE TABLE exchange(name TEXT PRIMARY KEY, kind TEXT, auto_delete INT, internal INT, arguments BLOB) WITHOUT ROWID;
CREATE TABLE queue(name TEXT PRIMARY KEY, auto_delete INT, arguments BLOB) WITHOUT ROWID;
CREATE TABLE binding(source TEXT, kind TEXT, target TEXT, key TEXT, arguments BLOB,
    PRIMARY KEY(source, kind, target, key, arguments)) WITHOUT ROWID;
CREATE TABLE message(id INTEGER PRIMARY KEY, queue TEXT, exchange TEXT, routing_key TEXT, properties BLOB, body BLOB,
    returns INT DEFAULT 0, expires_at REAL);
CREATE INDEX message_queue ON message(queue);
"""


class JournalError(Exception):
    """The journal cannot be read or written. The message is one line for the operator."""


class Journal:
    """A `Store`. Expiry times are written as wall-clock time, so that they go on while the broker is down."""

    def __init__(self, path: Path, scheduler: Scheduler, on_change: Callable[[], None]) -> None:
        """Opens or creates the file for this process alone; raises `JournalError`.

        `on_change` is called when there is something to commit after there was nothing.
        """
        self._path = path
        self._scheduler = scheduler
        self._on_change = on_change
        self._pending: list[tuple[str, tuple[object, ...]]] = []
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._db = sqlite3.connect(path, isolation_level=None, timeout=0)
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            raise self._failed(error) from error

    def _prepare(self) -> None:
        self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version == 0:
            self._db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version={_FORMAT}; COMMIT")
        elif version != _FORMAT:
            raise sqlite3.DatabaseError(f"its format {version} is not {_FORMAT}")
        (last,) = self._db.execute("SELECT coalesce(max(id), 0) FROM message").fetchone()
        self._last_record = int(last)

    def _failed(self, error: Exception) -> JournalError:
        return JournalError(f"journal {self._path}: {error}")

    def commit(self) -> None:
        """Make everything recorded so far durable; raises `JournalError`, after which nothing more may be confirmed."""
        if not self._pending:
            return
        pending, self._pending = self._pending, []
        try:
            self._db.execute("BEGIN")
            for statement, rows in groupby(pending, key=itemgetter(0)):
                self._db.executemany(statement, [parameters for _, parameters in rows])
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def close(self) -> None:
        self._db.close()

    def _record(self, statement: str, *parameters: object) -> None:
        self._pending.append((statement, parameters))
        if len(self._pending) == 1:
            self._on_change()

    # -- Store

    def add_exchange(self, name: str, kind: str, flags: tuple[bool, bool], arguments: FieldTable) -> None:
        self._record("INSERT INTO exchange VALUES(?, ?, ?, ?, ?)", name, kind, *flags, encode.field_table(arguments))

    def remove_exchange(self, name: str) -> None:
        self._record("DELETE FROM exchange WHERE name = ?", name)
        self._record("DELETE FROM binding WHERE source = ? OR (kind = 'exchange' AND target = ?)", name, name)

    def add_queue(self, name: str, arguments: FieldTable, *, auto_delete: bool) -> None:
        self._record("INSERT INTO queue VALUES(?, ?, ?)", name, auto_delete, encode.field_table(arguments))

    def remove_queue(self, name: str) -> None:
        self._record("DELETE FROM queue WHERE name = ?", name)
        self._record("DELETE FROM message WHERE queue = ?", name)
        self._record("DELETE FROM binding WHERE kind = 'queue' AND target = ?", name)

    def add_binding(self, source: str, target: tuple[str, str], key: str, arguments: FieldTable) -> None:
        self._record("INSERT INTO binding VALUES(?, ?, ?, ?, ?)", source, *target, key, encode.field_table(arguments))

    def remove_binding(self, source: str, target: tuple[str, str], key: str, arguments: FieldTable) -> None:
        statement = "DELETE FROM binding WHERE source = ? AND kind = ? AND target = ? AND key = ? AND arguments = ?"
        self._record(statement, source, *target, key, encode.field_table(arguments))

    def add_message(self, queue: str, message: Message, expires_at: float | None) -> int:
        self._last_record += 1
        statement = "INSERT INTO message VALUES(?, ?, ?, ?, ?, ?, 0, ?)"
        place = (self._last_record, queue, message.exchange, message.routing_key)
        self._record(statement, *place, message.properties.raw, message.body, self._shift(expires_at, 1))
        return self._last_record

    def remove_message(self, record: int) -> None:
        self._record("DELETE FROM message WHERE id = ?", record)

    def set_returns(self, record: int, returns: int) -> None:
        self._record("UPDATE message SET returns = ? WHERE id = ?", returns, record)

    def _shift(self, when: float | None, direction: int) -> float | None:
        """Monotonic to wall-clock time (1) or back (-1)."""
        return None if when is None else when + direction * (self._scheduler.wall() - self._scheduler.now())

    # -- reading back

    def restore(self, broker: Broker) -> None:
        """Rebuild the topology and the queues' messages, in order; raises `JournalError`."""
        try:
            self._restore_topology(broker)
            self._restore_messages(broker)
        except (sqlite3.Error, ValueError, AmqpError) as error:
            raise self._failed(error) from error

    def _restore_topology(self, broker: Broker) -> None:
        for name, kind, auto_delete, internal, table in self._rows("SELECT * FROM exchange"):
            spec = ExchangeSpec(kind, True, bool(auto_delete), bool(internal), decode.field_table(table)[1])
            broker.restore_exchange(name, spec)
        for name, auto_delete, table in self._rows("SELECT * FROM queue"):
            broker.restore_queue(name, decode.field_table(table)[1], auto_delete=bool(auto_delete))
        for source, kind, target, key, table in self._rows("SELECT * FROM binding"):
            broker.restore_binding(source, (kind, target), key, decode.field_table(table)[1])

    def _restore_messages(self, broker: Broker) -> None:
        columns = "id, queue, exchange, routing_key, properties, body, returns, expires_at"
        for record, queue, exchange, key, raw, body, returns, expires_at in self._rows(
            f"SELECT {columns} FROM message ORDER BY id"  # noqa: S608 - a constant
        ):
            message = Message(exchange, key, Properties.parse(raw), body)
            broker.queues[queue].restore(message, self._shift(expires_at, -1), record, returns)

    def _rows(self, query: str) -> Iterable[tuple[Any, ...]]:
        return self._db.execute(query)
