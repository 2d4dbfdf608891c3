"""Acceptances that arrive together are committed together.

A commit costs the same for one job as for fifty. So the plain acceptances (one job, nothing superseded) of one moment share a
transaction: under load their statements and their commit are paid once, and alone nobody waits. Whoever does not fit (the key is known,
the identity is busy, a row is locked) is left out of the shared transaction and takes the long way by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gateway.ports import Accepted, AcceptedJob, IdempotencyKey, NewJob, Render
from shared import ids, outbox
from shared.db.engine import LOCK_NOT_AVAILABLE, Transaction, sqlstate
from shared.db.jobs import FIRST_TRANSITIONS, request_event
from shared.events import GenerationRequested, RefreshRequested
from shared.faults import crash_point
from shared.jobs import JobKind, JobStatus
from shared.telemetry.context import current_traceparent

ACTOR = "gateway"
MAX_TOGETHER = 64
KEY_LIFE_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Opening:
    """A job that does not exist yet. Its id is chosen before, so that the answer about it can be written with it."""

    new: NewJob
    caller: str
    job_id: UUID = field(default_factory=ids.job_id)
    traceparent: str | None = field(default_factory=current_traceparent)

    @property
    def accepted(self) -> AcceptedJob:
        return AcceptedJob(self.job_id, JobStatus.PENDING, created=True, new=self.new)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One plain acceptance."""

    opening: Opening
    render: Render
    key: IdempotencyKey | None

    @property
    def new(self) -> NewJob:
        return self.opening.new

    @property
    def caller(self) -> str:
        return self.opening.caller

    @property
    def job_id(self) -> UUID:
        return self.opening.job_id

    @property
    def accepted(self) -> Accepted:
        jobs = (self.opening.accepted,)
        return Accepted(jobs, self.render(jobs))


class Busy(Exception):
    """Somebody holds a lock that the shared transaction does not wait for."""


async def accept_together(
    tx: Transaction, wanted: Sequence[Wanted], max_attempts: int, deadline_s: float
) -> list[Accepted | None]:
    """Accept what can be accepted now, in the order given; None for what has to go the long way. Raises Busy rather than wait.

    Keys and identities are taken in their own order, as everywhere, so that transactions wait for each other in one direction only.
    """
    try:
        return await _accept(tx, wanted, max_attempts, deadline_s)
    except DBAPIError as error:
        if sqlstate(error) == LOCK_NOT_AVAILABLE:
            raise Busy from error
        raise


async def _accept(
    tx: Transaction, wanted: Sequence[Wanted], max_attempts: int, deadline_s: float
) -> list[Accepted | None]:
    await crash_point("gateway.before_insert")
    await tx.execute(SHORT_WAITS)
    plain = _without_twins(wanted)
    claimed = await _claim_keys(tx, plain)
    ready = [one for one in plain if one.key is None or (one.caller, one.key.key) in claimed]
    opened = await open_jobs(tx, [one.opening for one in ready], max_attempts, deadline_s)
    done = {one.job_id: one.accepted for one in ready if one.job_id in opened}
    await _settle_keys(tx, ready, done)
    await crash_point("gateway.before_commit")
    return [done.get(one.job_id) for one in wanted]


async def open_jobs(
    tx: Transaction, openings: Sequence[Opening], max_attempts: int, deadline_s: float
) -> frozenset[UUID]:
    """Create the jobs whose identity is free, each with its caller, its first transition and its event; their ids.

    Waits for whoever is just opening a job of the same identity.
    """
    if not openings:
        return frozenset()
    rows = [_row(one) for one in sorted(openings, key=lambda one: str(one.new.dedupe_key))]
    asked = {
        "rows": orjson.dumps(rows, default=str).decode(),
        "max_attempts": max_attempts,
        "deadline_s": deadline_s,
        "actor": ACTOR,
    }
    created = {row["id"]: row for row in (await tx.execute(_JOBS, asked)).mappings()}
    opened = [one for one in openings if one.job_id in created]
    if opened:
        await outbox.add_all(tx, [(request_event(created[one.job_id]), one.traceparent) for one in opened])
    return frozenset(created)


def _without_twins(wanted: Sequence[Wanted]) -> list[Wanted]:
    """At most one per key and one per identity: the second finds the first committed when it goes the long way."""
    keys: set[tuple[str, str]] = set()
    identities: set[UUID] = set()
    plain: list[Wanted] = []
    for one in wanted:
        key = None if one.key is None else (one.caller, one.key.key)
        identity = one.new.dedupe_key
        if key in keys or identity in identities:
            continue
        identities.add(identity)
        if key is not None:
            keys.add(key)
        plain.append(one)
    return plain


async def _claim_keys(tx: Transaction, wanted: Sequence[Wanted]) -> set[tuple[str, str]]:
    rows = sorted((one.caller, one.key.key, one.key.fingerprint) for one in wanted if one.key is not None)
    if not rows:
        return set()
    callers, keys, fingerprints = (list(column) for column in zip(*rows, strict=True))
    claimed = await tx.execute(
        _KEYS, {"callers": callers, "keys": keys, "fingerprints": fingerprints, "life_s": KEY_LIFE_S}
    )
    return {(row.caller, row.key) for row in claimed}


async def _settle_keys(tx: Transaction, ready: Sequence[Wanted], done: dict[UUID, Accepted]) -> None:
    """Store the answers under their keys; give back the keys of those that have to go the long way."""
    answers: list[dict[str, Any]] = []
    unused: list[tuple[str, str]] = []
    for one in ready:
        if one.key is None:
            continue
        if (accepted := done.get(one.job_id)) is None:
            unused.append((one.caller, one.key.key))
            continue
        answer = accepted.answer
        answers.append(
            {
                "caller": one.caller,
                "key": one.key.key,
                "status": answer.status,
                "body": answer.body,
                "location": answer.location,
                "job_ids": [one.job_id],
            }
        )
    if answers:
        await tx.execute(_ANSWERS, {"rows": orjson.dumps(answers, default=str).decode()})
    if unused:
        callers, keys = (list(column) for column in zip(*unused, strict=True))
        await tx.execute(_UNUSED, {"callers": callers, "keys": keys})


def _row(one: Opening) -> dict[str, Any]:
    new = one.new
    event = RefreshRequested if new.kind is JobKind.REFRESH else GenerationRequested
    return {
        "id": one.job_id,
        "kind": new.kind,
        "entity_kind": new.entity_kind,
        "slug": new.slug,
        "requested_slug": new.requested_slug,
        "entity_id": new.entity_id,
        "form": new.form,
        "locale": new.locale,
        "context_tag": new.context_tag,
        "confidence": new.confidence,
        "dedupe_key": new.dedupe_key,
        "baseline_text_id": new.baseline_text_id,
        "event_id": ids.row_id(),
        "event_type": event.type,
        "caller": one.caller,
        "traceparent": one.traceparent,
    }


SHORT_WAITS = text("SET LOCAL lock_timeout = '200ms'")
_KEYS = text(
    """
    INSERT INTO idempotency_keys (caller, key, fingerprint, status, body, expires_at)
    SELECT caller, key, fingerprint, 0, '{}', now() + make_interval(secs => :life_s)
    FROM unnest(CAST(:callers AS text[]), CAST(:keys AS text[]), CAST(:fingerprints AS text[]))
        AS given (caller, key, fingerprint)
    ON CONFLICT DO NOTHING
    RETURNING caller, key
    """
)
_ANSWERS = text(
    """
    UPDATE idempotency_keys AS known
    SET status = given.status, body = given.body, location = given.location, job_ids = given.job_ids
    FROM jsonb_to_recordset(CAST(CAST(:rows AS text) AS jsonb))
        AS given (caller text, key text, status smallint, body jsonb, location text, job_ids uuid[])
    WHERE known.caller = given.caller AND known.key = given.key
    """
)
_UNUSED = text(
    """
    DELETE FROM idempotency_keys AS known
    USING unnest(CAST(:callers AS text[]), CAST(:keys AS text[])) AS given (caller, key)
    WHERE known.caller = given.caller AND known.key = given.key
    """
)
_JOBS = text(
    f"""
    WITH opened AS (
        INSERT INTO jobs (
            id, kind, entity_kind, slug, requested_slug, entity_id, form, locale, context_tag, confidence, status,
            max_attempts, dedupe_key, baseline_text_id, event_id, event_type, caller, traceparent, deadline_at)
        SELECT
            id, kind, entity_kind, slug, requested_slug, entity_id, form, locale, context_tag, confidence, 'PENDING',
            CAST(:max_attempts AS integer), dedupe_key, baseline_text_id, event_id, event_type, caller, traceparent,
            now() + make_interval(secs => :deadline_s)
        FROM jsonb_to_recordset(CAST(CAST(:rows AS text) AS jsonb)) AS given (
            id uuid, kind text, entity_kind text, slug text, requested_slug text, entity_id uuid, form text, locale text,
            context_tag text, confidence float8, dedupe_key uuid, baseline_text_id uuid, event_id uuid, event_type text,
            caller text, traceparent text)
        ON CONFLICT (dedupe_key) WHERE status IN ('PENDING', 'PROCESSING', 'RETRYING') DO NOTHING
        RETURNING id, kind, entity_kind, slug, entity_id, form, locale, context_tag, event_id, created_at, caller
    ), called AS (
        INSERT INTO job_callers (job_id, caller) SELECT id, caller FROM opened
    ), recorded AS (
        {FIRST_TRANSITIONS.format(jobs="opened")}
    )
    SELECT * FROM opened
    """  # noqa: S608 (nothing in it comes from outside)
)
