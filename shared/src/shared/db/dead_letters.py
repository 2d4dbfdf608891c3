"""Dead letters in PostgreSQL: deliveries that ended without their work, kept for an operator to read, send again or purge.

A message has at most one open letter per queue and reason, however often it comes: a copy, or a redelivery after a crash between commit
and ack, adds none. A letter that was sent again is closed, so a message that fails once more gets a new one.
"""

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from shared import ids
from shared.db.engine import Database, Transaction
from shared.db.tables import dead_letters
from shared.envelope import MAX_BODY_BYTES, encode
from shared.errors import BadMessage
from shared.events import JobEvent

_BROKERS_OWN = ("x-death", "x-first-death-", "x-last-death-", "x-delivery-count", "x-acquired-count")
"""Headers that a broker adds on the way; they are no part of the message."""


class Origin(StrEnum):
    """Who gave up: our code, or the broker."""

    HANDLER = "handler"
    BROKER = "broker"


async def park(
    tx: Transaction,
    queue: str,
    message: BadMessage,
    headers: Mapping[str, Any],
    body: bytes,
    *,
    origin: Origin = Origin.HANDLER,
    attempts: int | None = None,
) -> None:
    """Keep a delivery of `queue`: byte for byte what may be an event (UTF-8 without NUL, up to 64 KiB), anything else escaped and cut.

    `attempts` is by default what the message itself says.
    """
    text, exact = _text(body)
    kept = _kept(headers)
    event_id = _uuid(kept.get("cloudEvents_id"))
    subject = _uuid(kept.get("cloudEvents_subject"))
    event_type, version = kept.get("cloudEvents_type"), kept.get("cloudEvents_dataversion", "")
    digest = hashlib.sha256(body).hexdigest()
    letter = insert(dead_letters).values(
        id=ids.row_id(),
        queue=queue,
        origin=origin,
        event_id=event_id,
        event_type=event_type,
        job_id=subject if subject != event_id else None,
        reason=message.reason,
        detail=_storable(message.detail)[:1000],
        headers=kept,
        body=text,
        exact=exact,
        fingerprint=ids.derived_id(queue, message.reason, str(event_id), event_type or "", version, digest),
        attempts=_attempts(kept) if attempts is None else attempts,
    )
    await tx.execute(letter.on_conflict_do_nothing())


async def park_event(tx: Transaction, queue: str, message: BadMessage, event: JobEvent, *, attempts: int = 0) -> None:
    """Keep the delivery of an event that could be read, as it was sent."""
    envelope = encode(event)
    await park(tx, queue, message, envelope.headers, envelope.body, attempts=attempts)


class BrokerLetters:
    """Where the reader of a queue's dead-letter queue parks: under the name of the queue in which the messages died."""

    def __init__(self, database: Database, queue: str) -> None:
        self._database = database
        self._queue = queue

    async def park(self, message: BadMessage, headers: Mapping[str, Any], body: bytes) -> None:
        """Raises Unavailable("postgres")."""

        async def work(tx: Transaction) -> None:
            await park(tx, self._queue, message, headers, body, origin=Origin.BROKER)

        await self._database.run(work)


def _text(body: bytes) -> tuple[str, bool]:
    """`body` as PostgreSQL can store it, and whether that is exactly what came."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = None
    if text is not None and len(body) <= MAX_BODY_BYTES and "\x00" not in text:
        return text, True
    return _storable(body[:MAX_BODY_BYTES].decode("utf-8", "backslashreplace")), False


def _kept(headers: Mapping[str, Any]) -> dict[str, str]:
    own = [(name, value) for name, value in headers.items() if not name.startswith(_BROKERS_OWN)]
    return {_storable(name)[:200]: _storable(str(value))[:1000] for name, value in own[:64]}


def _attempts(headers: Mapping[str, str]) -> int:
    said = headers.get("x-attempt", "")
    return int(said) if said.isdecimal() and len(said) < 5 else 0


def _storable(text: str) -> str:
    """PostgreSQL stores neither NUL nor lone surrogates in text."""
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text is not None and len(text) == 36 else None
    except ValueError:
        return None
