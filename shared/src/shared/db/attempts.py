"""Attempts in PostgreSQL: claim, renew, retry, fail and hand back; each one short transaction, each a compare-and-set."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import RowMapping, func, select, text, update

from shared import ids, inbox, outbox
from shared.batching import Batches
from shared.db.dead_letters import park, park_event
from shared.db.endings import current, end_as_failed, is_current
from shared.db.engine import Database, Transaction
from shared.db.jobs import Sql, in_seconds, move, moving, seconds, the_job
from shared.db.tables import ai_calls, jobs
from shared.entities import ContextTag, EntityKind, Form, Locale
from shared.errors import BadMessage, LeaseLost, Transient
from shared.events import JobEvent
from shared.faults import crash_point
from shared.jobs import Attempt, AttemptPolicy, Failure, FailureType, JobKind, JobStatus, Suspect, retry_delay

MAX_TOGETHER = 64
"""Attempts claimed in one statement."""


class PostgresAttempts:
    """The job ledger as the consume pipeline sees it. `consumer` names this service in transitions, inbox and queue."""

    def __init__(self, database: Database, consumer: str, queue: str, policy: AttemptPolicy) -> None:
        self._database = database
        self._consumer = consumer
        self._queue = queue
        self._policy = policy
        self._taken = Batches(self._take_waiting, limit=MAX_TOGETHER)

    async def claim(self, event: JobEvent, *, alone: bool = False) -> Attempt | Suspect | None:
        """The next attempt of the event's job, or None when this delivery has nothing to do.

        None also covers what was settled here: a live lease (checked again when it ends), an attempt not yet due, a finished or unknown
        job, a deadline that has passed, and a job whose attempts all ended with their worker. A Suspect is claimed only by a caller that
        says that it runs `alone`.
        """
        return await self._taken(event) or await self._judge(event, alone=alone)

    async def _take_waiting(self, events: Sequence[JobEvent]) -> list[Attempt | None]:
        """The attempts of those jobs that simply wait for one; None for the rest, and for a job that is locked or was given away here.

        One statement for all of them, known by their tokens: a second delivery of a job gets no attempt of the first.
        """
        tokens = [ids.job_id() for _ in events]
        asked = {
            "job_ids": [event.job_id for event in events],
            "tokens": tokens,
            "keys": [event.idempotency_key for event in events],
            "lease_s": self._policy.lease_s,
            "actor": self._consumer,
            "reason": None,
        }
        rows = (await self._database.write(_TAKE_WAITING, asked)).mappings().all()
        taken = {row["lease_token"]: _attempt(row) for row in rows}
        return [taken.get(token) for token in tokens]

    async def _judge(self, event: JobEvent, *, alone: bool) -> Attempt | Suspect | None:
        async def work(tx: Transaction) -> Attempt | Suspect | None:
            asked = {"job_id": event.job_id, "consumer": self._consumer, "idempotency_key": event.idempotency_key}
            row = (await tx.execute(_CLAIMABLE, asked)).mappings().first()
            if row is None:
                await park_event(tx, self._queue, BadMessage("unknown-job", str(event.job_id)), event)
                return None
            status = JobStatus(row["status"])
            if status.terminal or row["done"]:
                await inbox.complete(tx, self._consumer, event)
                return None
            if row["overdue"]:
                stored = row["error"]
                failure = Failure.model_validate(stored) if stored else _too_late("before the attempt started")
                await self._end(tx, the_job(event.job_id), event, failure)
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
                await self._end(tx, the_job(event.job_id), event, failure)
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
            the_job(event.job_id),
            actor=self._consumer,
            reason="taken-over" if crashed else None,
            values={
                "attempt": Sql("jobs.attempt + 1"),
                "lease_token": ids.job_id(),
                "lease_until": in_seconds("lease_s", self._policy.lease_s),
                "next_attempt_at": None,
                "started_at": Sql("coalesce(jobs.started_at, now())"),
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
                await self._end(tx, current(attempt), event, cause.failure)
                return
            left_s = await tx.scalar(select(_LEFT_S).where(*is_current(attempt)))
            if left_s is not None and delay_s >= float(left_s):
                await self._end(tx, current(attempt), event, cause.failure)
                return
            moved = await move(
                tx,
                JobStatus.RETRYING,
                current(attempt),
                actor=self._consumer,
                reason=cause.failure.type,
                values={
                    "attempt": attempt.number if cause.counted else attempt.number - 1,
                    "lease_token": None,
                    "lease_until": None,
                    "next_attempt_at": in_seconds("delay_s", delay_s),
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
                current(attempt),
                actor=self._consumer,
                reason="interrupted",
                values={
                    "attempt": attempt.number if spent else attempt.number - 1,
                    "lease_token": None,
                    "lease_until": None,
                    "next_attempt_at": Sql("now()"),
                },
            )
            if moved is not None:
                await outbox.add_retry(tx, event, self._queue, 0.0, attempt.number)

        await self._database.run(work)

    async def fail(self, attempt: Attempt, event: JobEvent, failure: Failure) -> None:
        """End the job as FAILED, tell others, and park the delivery for the operator."""

        async def work(tx: Transaction) -> None:
            await self._end(tx, current(attempt), event, failure)
            await crash_point("consumer.before_commit")

        await self._database.run(work)

    async def park(self, message: BadMessage, headers: Mapping[str, Any], body: bytes) -> None:
        """Keep a delivery that no handler can read, with its reason, where an operator finds it."""

        async def work(tx: Transaction) -> None:
            await park(tx, self._queue, message, headers, body)

        await self._database.run(work)

    async def _end(self, tx: Transaction, which: Sql, event: JobEvent, failure: Failure) -> None:
        ended = await end_as_failed(tx, which, failure, self._consumer)
        if ended is None:
            return
        await inbox.complete(tx, self._consumer, event)
        await park_event(
            tx, self._queue, BadMessage(failure.type, failure.technical_message), event, attempts=ended["attempt"]
        )


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


_TAKE_WAITING = text(
    moving(
        JobStatus.PROCESSING,
        """
        jobs JOIN unnest(CAST(:job_ids AS uuid[]), CAST(:tokens AS uuid[]), CAST(:keys AS uuid[])) AS asked (job_id, token, key)
            ON asked.job_id = jobs.id
        WHERE jobs.status <> 'PROCESSING' AND jobs.deadline_at > now() AND jobs.attempt < jobs.max_attempts
            AND coalesce(jobs.next_attempt_at, now()) <= now()
            AND NOT EXISTS (SELECT FROM inbox WHERE inbox.consumer = :actor AND inbox.idempotency_key = asked.key)
        """,
        (
            ("attempt", "jobs.attempt + 1"),
            ("lease_token", "token"),
            ("lease_until", "now() + make_interval(secs => CAST(:lease_s AS float8))"),
            ("next_attempt_at", "NULL"),
            ("started_at", "coalesce(jobs.started_at, now())"),
        ),
        given=("token",),
        lock="SKIP LOCKED",
    )
)
_LEFT_S = func.extract("epoch", jobs.c.deadline_at - func.now())
_CLAIMABLE = text(
    """
    SELECT status, attempt, max_attempts, error, deadline_at <= now() AS overdue,
        coalesce(extract(epoch FROM lease_until - now()), 0) AS lease_s,
        coalesce(extract(epoch FROM next_attempt_at - now()), 0) AS wait_s,
        EXISTS (SELECT FROM inbox WHERE consumer = :consumer AND idempotency_key = :idempotency_key) AS done
    FROM jobs WHERE id = :job_id FOR UPDATE OF jobs
    """
)
