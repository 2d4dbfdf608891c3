"""Attempts in PostgreSQL: claim, renew, retry, fail and hand back; each one short transaction, each a compare-and-set."""

import random
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, func, insert, select, update

from shared import ids, inbox, outbox
from shared.db.engine import Database, Transaction
from shared.db.jobs import move, seconds, stopped_event
from shared.db.tables import ai_calls, dead_letters, jobs
from shared.entities import ContextTag, EntityKind, Form, Locale
from shared.errors import BadMessage, LeaseLost, Transient
from shared.events import JobEvent
from shared.faults import crash_point
from shared.jobs import Attempt, AttemptPolicy, Failure, FailureType, JobKind, JobStatus, Result, Suspect, retry_delay


def is_current(attempt: Attempt) -> tuple[ColumnElement[bool], ...]:
    """The comparison that every write of an attempt makes."""
    return (
        jobs.c.id == attempt.job_id,
        jobs.c.status == JobStatus.PROCESSING,
        jobs.c.attempt == attempt.number,
        jobs.c.lease_token == attempt.token,
    )


async def complete(tx: Transaction, attempt: Attempt, event: JobEvent, consumer: str, result: Result) -> None:
    """End the job as DONE in the transaction of its effect. Raises LeaseLost when the attempt may not write any more."""
    done = await move(
        tx,
        JobStatus.DONE,
        *is_current(attempt),
        actor=consumer,
        values={
            "result": result.model_dump(mode="json"),
            "error": None,
            "entity_id": result.entity_id,
            "slug": result.slug,
        },
    )
    if done is None or not await inbox.complete(tx, consumer, event):
        raise LeaseLost(str(attempt.job_id))


class PostgresAttempts:
    """The job ledger as the consume pipeline sees it. `consumer` names this service in transitions, inbox and queue."""

    def __init__(self, database: Database, consumer: str, queue: str, policy: AttemptPolicy) -> None:
        self._database = database
        self._consumer = consumer
        self._queue = queue
        self._policy = policy

    async def claim(self, event: JobEvent, *, alone: bool = False) -> Attempt | Suspect | None:
        """The next attempt of the event's job, or None when this delivery has nothing to do.

        None also covers what was settled here: a live lease (checked again when it ends), an attempt not yet due, a finished or unknown
        job, a deadline that has passed, and a job whose attempts all ended with their worker. A Suspect is claimed only by a caller that
        says that it runs `alone`.
        """

        async def work(tx: Transaction) -> Attempt | Suspect | None:
            row = (
                (await tx.execute(_CLAIMABLE.where(jobs.c.id == event.job_id).with_for_update(of=jobs)))
                .mappings()
                .first()
            )
            if row is None:
                await self._park(tx, BadMessage("unknown-job", str(event.job_id)), event)
                return None
            status = JobStatus(row["status"])
            if status.terminal or await inbox.completed(tx, self._consumer, event.idempotency_key):
                await inbox.complete(tx, self._consumer, event)
                return None
            if row["overdue"]:
                failure = (
                    Failure.model_validate(row["error"]) if row["error"] else _too_late("before the attempt started")
                )
                await self._end(tx, (jobs.c.id == event.job_id,), event, failure)
                return None
            if status is JobStatus.PROCESSING and row["lease_s"] > 0:
                await outbox.add_retry(tx, event, self._queue, float(row["lease_s"]), row["attempt"])
                return None
            if status is JobStatus.RETRYING and row["wait_s"] > 0:
                return None
            if row["attempt"] >= row["max_attempts"]:
                failure = Failure(
                    type=FailureType.UNKNOWN_ERROR, technical_message="every attempt ended with its worker"
                )
                await self._end(tx, (jobs.c.id == event.job_id,), event, failure)
                return None
            crashed = status is JobStatus.PROCESSING
            if crashed and row["attempt"] + 1 >= row["max_attempts"] and not alone:
                return Suspect()
            return await self._take(tx, event, crashed=crashed)

        return await self._database.run(work)

    async def _take(self, tx: Transaction, event: JobEvent, *, crashed: bool) -> Attempt:
        taken = await move(
            tx,
            JobStatus.PROCESSING,
            jobs.c.id == event.job_id,
            actor=self._consumer,
            reason="taken-over" if crashed else None,
            values={
                "attempt": jobs.c.attempt + 1,
                "lease_token": ids.job_id(),
                "lease_until": func.now() + seconds(self._policy.lease_s),
                "next_attempt_at": None,
                "started_at": func.coalesce(jobs.c.started_at, func.now()),
            },
        )
        if taken is None:
            raise LeaseLost(str(event.job_id))
        return _attempt(taken)

    async def renew(self, attempt: Attempt) -> bool:
        """Extend the lease; False when it is no longer this attempt's to extend."""

        async def work(tx: Transaction) -> bool:
            until = func.now() + seconds(self._policy.lease_s)
            renewed = await tx.execute(update(jobs).where(*is_current(attempt)).values(lease_until=until))
            return renewed.rowcount == 1

        return await self._database.run(work)

    async def retry(self, attempt: Attempt, event: JobEvent, cause: Transient) -> None:
        """Record a failed attempt and schedule the next, or end the job when none is left before its deadline."""

        async def work(tx: Transaction) -> None:
            delay_s = cause.retry_after_s
            if delay_s is None:
                delay_s = retry_delay(attempt.number, self._policy.ladder_s, random.random())  # noqa: S311 (jitter)
            if cause.counted and attempt.last:
                await self._end(tx, is_current(attempt), event, cause.failure)
                return
            left_s = await tx.scalar(select(_LEFT_S).where(*is_current(attempt)))
            if left_s is not None and delay_s >= float(left_s):
                await self._end(tx, is_current(attempt), event, cause.failure)
                return
            moved = await move(
                tx,
                JobStatus.RETRYING,
                *is_current(attempt),
                actor=self._consumer,
                reason=cause.failure.type,
                values={
                    "attempt": attempt.number if cause.counted else attempt.number - 1,
                    "lease_token": None,
                    "lease_until": None,
                    "next_attempt_at": func.now() + seconds(delay_s),
                    "error": cause.failure.model_dump(mode="json"),
                },
            )
            if moved is not None:
                await outbox.add_retry(tx, event, self._queue, delay_s, attempt.number)
            await crash_point("consumer.before_commit")

        await self._database.run(work)

    async def release(self, attempt: Attempt, event: JobEvent) -> None:
        """Hand an interrupted attempt back: the job is due again at once.

        The attempt counts only when it began an AI call whose outcome is unknown.
        """

        async def work(tx: Transaction) -> None:
            spent = await tx.scalar(
                select(ai_calls.c.id)
                .where(
                    ai_calls.c.job_id == attempt.job_id,
                    ai_calls.c.attempt == attempt.number,
                    ai_calls.c.outcome == "unknown",
                )
                .limit(1)
            )
            moved = await move(
                tx,
                JobStatus.RETRYING,
                *is_current(attempt),
                actor=self._consumer,
                reason="interrupted",
                values={
                    "attempt": attempt.number if spent else attempt.number - 1,
                    "lease_token": None,
                    "lease_until": None,
                    "next_attempt_at": func.now(),
                },
            )
            if moved is not None:
                await outbox.add_retry(tx, event, self._queue, 0.0, attempt.number)

        await self._database.run(work)

    async def fail(self, attempt: Attempt, event: JobEvent, failure: Failure) -> None:
        """End the job as FAILED, tell others, and park the delivery for the operator."""

        async def work(tx: Transaction) -> None:
            await self._end(tx, is_current(attempt), event, failure)
            await crash_point("consumer.before_commit")

        await self._database.run(work)

    async def park(self, message: BadMessage, headers: Mapping[str, Any], body: bytes) -> None:
        """Keep a delivery that no handler can read, with its reason, where an operator finds it."""

        async def work(tx: Transaction) -> None:
            await park(tx, self._queue, message, headers, body)

        await self._database.run(work)

    async def _end(
        self, tx: Transaction, where: tuple[ColumnElement[bool], ...], event: JobEvent, failure: Failure
    ) -> None:
        ended = await end_as_failed(tx, where, failure, self._consumer)
        if ended is None:
            return
        await inbox.complete(tx, self._consumer, event)
        await self._park(tx, BadMessage(failure.type, failure.technical_message), event, ended["attempt"])

    async def _park(self, tx: Transaction, message: BadMessage, event: JobEvent, attempts: int = 0) -> None:
        await tx.execute(
            insert(dead_letters).values(
                id=ids.row_id(),
                queue=self._queue,
                origin="handler",
                event_id=event.event_id,
                event_type=event.type,
                job_id=event.job_id,
                reason=message.reason,
                detail=message.detail[:1000],
                body=event.model_dump_json(),
                attempts=attempts,
            )
        )


async def end_as_failed(
    tx: Transaction, where: tuple[ColumnElement[bool], ...], failure: Failure, actor: str
) -> RowMapping | None:
    """End the job that matches `where` as FAILED and tell others; None when it may not end any more."""
    ended = await move(
        tx,
        JobStatus.FAILED,
        *where,
        actor=actor,
        reason=failure.type,
        values={"error": failure.model_dump(mode="json")},
    )
    if ended is not None:
        await outbox.add(tx, stopped_event(ended, failure, failure.type))
    return ended


async def park(tx: Transaction, queue: str, message: BadMessage, headers: Mapping[str, Any], body: bytes) -> None:
    """Keep an unreadable delivery: what text can hold of it, cut to what an operator can read."""
    await tx.execute(
        insert(dead_letters).values(
            id=ids.row_id(),
            queue=queue,
            origin="handler",
            reason=message.reason,
            detail=_storable(message.detail)[:1000],
            headers={
                _storable(str(name))[:200]: _storable(str(value))[:1000] for name, value in list(headers.items())[:64]
            },
            body=_storable(body[:65536].decode("utf-8", "backslashreplace")),
        )
    )


def _storable(text: str) -> str:
    """PostgreSQL stores neither NUL nor lone surrogates in text."""
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()


def _too_late(when: str) -> Failure:
    return Failure(type=FailureType.TIMEOUT, technical_message=f"the deadline of the job passed {when}")


def _attempt(row: RowMapping) -> Attempt:
    return Attempt(
        job_id=row["id"],
        kind=JobKind(row["kind"]),
        number=row["attempt"],
        max_attempts=row["max_attempts"],
        token=row["lease_token"],
        seconds_left=(row["deadline_at"] - row["updated_at"]).total_seconds(),
        accepted_seq=row["accepted_seq"],
        created_at=row["created_at"],
        entity_kind=EntityKind(row["entity_kind"]),
        slug=row["slug"],
        requested_slug=row["requested_slug"],
        entity_id=row["entity_id"],
        form=Form(row["form"]) if row["form"] else None,
        locale=Locale(row["locale"]) if row["locale"] else None,
        context_tag=ContextTag(row["context_tag"]) if row["context_tag"] else None,
        baseline_text_id=row["baseline_text_id"],
    )


_LEFT_S = func.extract("epoch", jobs.c.deadline_at - func.now())
_CLAIMABLE = select(
    jobs.c.status,
    jobs.c.attempt,
    jobs.c.max_attempts,
    jobs.c.error,
    (jobs.c.deadline_at <= func.now()).label("overdue"),
    func.coalesce(func.extract("epoch", jobs.c.lease_until - func.now()), 0).label("lease_s"),
    func.coalesce(func.extract("epoch", jobs.c.next_attempt_at - func.now()), 0).label("wait_s"),
)
