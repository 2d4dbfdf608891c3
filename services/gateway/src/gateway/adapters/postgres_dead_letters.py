"""Dead letters in PostgreSQL, as an operator reads, replays and purges them."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, func, select, update
from sqlalchemy.dialects.postgresql import insert

from gateway.adapters import postgres_answers as answers
from gateway.adapters.postgres_audit import record
from gateway.admin_ports import (
    MAX_LETTERS,
    ByCause,
    ByIds,
    Letter,
    LetterContent,
    LetterFilter,
    LetterPage,
    LetterStatus,
    NotExact,
    NotOpen,
    Order,
    Repeated,
    Sent,
    UnknownLetter,
)
from gateway.ports import Answer, KeyInUse
from shared import ids
from shared.db.engine import Database, Transaction
from shared.db.tables import dead_letters, jobs, outbox
from shared.jobs import JobStatus
from shared.telemetry.context import current_traceparent

REPLAY, PURGE = "dead-letter.replay", "dead-letter.purge"
_NAMES = tuple(Letter.__dataclass_fields__)
_letters = dead_letters.c
_OPEN = _letters.replayed_at.is_(None) & _letters.purged_at.is_(None)
_IN_STATUS: Mapping[LetterStatus, ColumnElement[bool]] = {
    LetterStatus.OPEN: _OPEN,
    LetterStatus.REPLAYED: _letters.replayed_at.is_not(None) & _letters.purged_at.is_(None),
    LetterStatus.PURGED: _letters.purged_at.is_not(None),
}
_JOB_STATUS = select(jobs.c.status).where(jobs.c.id == _letters.job_id).correlate(dead_letters).scalar_subquery()
_SEND = insert(outbox).on_conflict_do_nothing(index_elements=[outbox.c.event_id, outbox.c.target_queue])
"""An event that is on its way to the queue already is not hurried: it may be a retry that is not due yet."""


class _Refused(Exception):
    """Leaves the transaction, so that a refusal stores nothing, not even its key."""

    def __init__(self, outcome: UnknownLetter | NotOpen | NotExact) -> None:
        super().__init__(type(outcome).__name__)
        self.outcome = outcome


class PostgresDeadLetters:
    """Letters are closed by compare-and-set, so each is sent again once, whoever asks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, asked: LetterFilter) -> LetterPage:
        where = [_IN_STATUS[asked.status], *_equal(asked.queue, asked.reason)]
        newest = select(*(_letters[name] for name in _NAMES)).where(*where)
        newest = newest.order_by(_letters.parked_at.desc(), _letters.id.desc())
        rows = await self._database.read(newest.limit(asked.per_page).offset((asked.page - 1) * asked.per_page))
        total = await self._database.read(select(func.count()).select_from(dead_letters).where(*where))
        return LetterPage(tuple(Letter(**row) for row in rows.mappings()), total.scalar_one())

    async def get(self, letter_id: UUID) -> LetterContent | None:
        one = select(dead_letters, _JOB_STATUS.label("job_status")).where(_letters.id == letter_id)
        row = (await self._database.read(one)).mappings().first()
        if row is None:
            return None
        return LetterContent(
            letter=Letter(**{name: row[name] for name in _NAMES}),
            detail=row["detail"],
            headers=row["headers"],
            body=row["body"],
            exact=row["exact"],
            job_status=_status(row),
        )

    async def replay(
        self, letter_id: UUID, order: Order, render: Callable[[Sent], Answer]
    ) -> Answer | Repeated | UnknownLetter | NotOpen | NotExact:
        async def work(tx: Transaction) -> Answer:
            sent = await _replay(tx, order.actor, _letters.id == letter_id)
            if not sent:
                raise _Refused(await _why_not(tx, letter_id))
            return render(sent[0])

        try:
            return await self._once(order, work)
        except _Refused as refused:
            return refused.outcome

    async def replay_many(
        self, which: ByIds | ByCause, order: Order, render: Callable[[int], Answer]
    ) -> Answer | Repeated:
        where = [_letters.id.in_(which.ids)] if isinstance(which, ByIds) else _equal(which.queue, which.reason)

        async def work(tx: Transaction) -> Answer:
            return render(len(await _replay(tx, order.actor, *where)))

        return await self._once(order, work)

    async def purge(self, letter_id: UUID, order: Order) -> bool:
        async def work(tx: Transaction) -> bool:
            purged = await _purge(tx, order.actor, _letters.id == letter_id)
            return bool(purged) or await tx.scalar(select(_letters.id).where(_letters.id == letter_id)) is not None

        return await self._database.run(work)

    async def purge_many(
        self, queue: str, before: datetime, order: Order, render: Callable[[int], Answer]
    ) -> Answer | Repeated:
        async def work(tx: Transaction) -> Answer:
            return render(await _purge(tx, order.actor, _letters.queue == queue, _letters.parked_at < before))

        return await self._once(order, work)

    async def _once(self, order: Order, work: Callable[[Transaction], Awaitable[Answer]]) -> Answer | Repeated:
        """`work` in one transaction with the answer that a repetition under the same key gets."""

        async def keyed(tx: Transaction) -> Answer | Repeated:
            if order.key is None:
                return await work(tx)
            known = await answers.claim(tx, order.caller, order.key)
            if known is not None:
                return known
            answer = await work(tx)
            await answers.store(tx, order.caller, order.key, answer, ())
            return answer

        try:
            return await self._database.run(keyed)
        except answers.KeyBusy:
            return KeyInUse()


async def _replay(tx: Transaction, actor: str, *where: ColumnElement[bool]) -> list[Sent]:
    """Close up to `MAX_LETTERS` open letters and put them back into the outbox."""
    closed = await tx.execute(
        update(dead_letters)
        .where(_letters.id.in_(_chosen(_OPEN, _letters.exact, *where)))
        .values(replayed_at=func.now())
        .returning(dead_letters, _JOB_STATUS.label("job_status"))
    )
    rows = closed.mappings().all()
    if not rows:
        return []
    sent = [Sent(row["id"], row["event_id"] or row["id"], row["replayed_at"], _status(row)) for row in rows]
    await tx.execute(_SEND, [_outgoing(row, letter.event_id) for row, letter in zip(rows, sent, strict=True)])
    after = {"status": LetterStatus.REPLAYED}
    await record(tx, actor, REPLAY, [(str(letter.id), {"status": LetterStatus.OPEN}, after) for letter in sent])
    tx.wakes_relay = True
    return sent


async def _purge(tx: Transaction, actor: str, *where: ColumnElement[bool]) -> int:
    """Erase up to `MAX_LETTERS` letters; their number. What stays says only that they were there."""
    purged = await tx.execute(
        update(dead_letters)
        .where(_letters.id.in_(_chosen(_letters.purged_at.is_(None), *where)))
        .values(purged_at=func.now(), headers={}, body="", detail="", exact=False)
        .returning(_letters.id, _letters.replayed_at)
    )
    rows = purged.mappings().all()
    after = {"status": LetterStatus.PURGED}
    await record(tx, actor, PURGE, [(str(row["id"]), {"status": _before(row)}, after) for row in rows])
    return len(rows)


def _before(row: RowMapping) -> LetterStatus:
    return LetterStatus.REPLAYED if row["replayed_at"] else LetterStatus.OPEN


def _chosen(*where: ColumnElement[bool]) -> Any:
    """The oldest letters that fit and that nobody else is changing."""
    oldest = select(_letters.id).where(*where).order_by(_letters.parked_at, _letters.id)
    return oldest.limit(MAX_LETTERS).with_for_update(skip_locked=True).scalar_subquery()


def _equal(queue: str | None, reason: str | None) -> list[ColumnElement[bool]]:
    wanted = ((_letters.queue, queue), (_letters.reason, reason))
    return [column == value for column, value in wanted if value is not None]


async def _why_not(tx: Transaction, letter_id: UUID) -> UnknownLetter | NotOpen | NotExact:
    row = (await tx.execute(select(_OPEN.label("open"), _letters.exact).where(_letters.id == letter_id))).first()
    if row is None:
        return UnknownLetter()
    return NotExact() if row.open and not row.exact else NotOpen()  # or somebody else is closing it right now


def _outgoing(row: RowMapping, event_id: UUID) -> dict[str, Any]:
    """The outbox row that takes a letter back to its queue alone."""
    named = {"cloudEvents_type": row["event_type"]} if row["event_type"] else {}
    return {
        "id": ids.row_id(),
        "event_id": event_id,
        "type": row["event_type"] or "",
        "correlation_id": str(row["job_id"] or event_id),
        "routing_key": row["queue"],
        "target_queue": row["queue"],
        "headers": named | row["headers"],
        "payload": row["body"],
        "traceparent": current_traceparent(),
    }


def _status(row: RowMapping) -> JobStatus | None:
    return JobStatus(row["job_status"]) if row["job_status"] else None
