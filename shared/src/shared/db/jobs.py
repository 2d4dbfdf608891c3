"""Statements over the job row that more than one service needs. Every change of status goes through `move`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, RowMapping, TextClause, func, literal, text
from sqlalchemy.dialects import postgresql

from shared import ids
from shared.db.engine import Transaction
from shared.db.tables import jobs
from shared.entities import ContextTag, EntityKind, Form, Locale
from shared.events import Event, GenerationFailed, GenerationRequested, RefreshFailed, RefreshRequested
from shared.jobs import TRANSITIONS, Failure, JobKind, JobStatus

_DIALECT = postgresql.dialect()


def seconds(value: float) -> ColumnElement[Any]:
    """An interval of `value` seconds."""
    return func.make_interval(0, 0, 0, 0, 0, 0, literal(value))


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL over the job row, with its parameters."""

    text: str
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])


def the_job(job_id: UUID) -> Sql:
    """The job, whoever works on it."""
    return Sql("id = :job_id", {"job_id": job_id})


def in_seconds(name: str, delay_s: float) -> Sql:
    """`delay_s` from now by the database's clock; `name` tells the delays of one statement apart."""
    return Sql(f"now() + make_interval(secs => CAST(:{name} AS float8))", {name: delay_s})


async def move(
    tx: Transaction,
    target: JobStatus,
    which: Sql,
    *,
    actor: str,
    reason: str | None = None,
    values: Mapping[str, Any] | None = None,
) -> RowMapping | None:
    """Move the job of `which` to `target` and record the transition; the new row, or None when no such job may move there.

    One statement: a compare-and-set whose transition row cannot be missing or doubled. A value of `values` may be `Sql`.
    """
    given = values or {}
    pieces = {name: value for name, value in given.items() if isinstance(value, Sql)}
    plain = {f"v_{name}": _bound(value) for name, value in given.items() if name not in pieces}
    columns = tuple((name, pieces[name].text if name in pieces else None) for name in given)
    parameters: dict[str, Any] = {"actor": actor, "reason": reason, **which.parameters, **plain}
    for piece in pieces.values():
        parameters |= piece.parameters
    return (await tx.execute(_move(target, which.text, columns), parameters)).mappings().first()


@cache
def _move(target: JobStatus, which: str, columns: tuple[tuple[str, str | None], ...]) -> TextClause:
    """Written once per kind of move: composing the statement each time costs more than running it."""
    changes = tuple((name, sql or _parameter(name)) for name, sql in columns)
    return text(moving(target, f"jobs WHERE {which}", changes))


def moving(
    target: JobStatus, source: str, changes: Sequence[tuple[str, str]], *, given: Sequence[str] = (), lock: str = ""
) -> str:
    """The statement that moves the jobs of `source` to `target`, as far as they may move there, and records it; see `move`.

    `source` is `jobs` with its joins and its WHERE; `given` names columns of the joins that `changes` use. Jobs are locked in the order of
    their ids, so that two such statements cannot deadlock; with `lock` SKIP LOCKED, what is locked is left out.
    """
    sources = ", ".join(f"'{status}'" for status, targets in TRANSITIONS.items() if target in targets)
    sets = [f"status = '{target}'", "sequence = jobs.sequence + 1", "updated_at = now()"]
    if target.terminal:
        sets += ["finished_at = now()", "lease_token = NULL", "lease_until = NULL", "next_attempt_at = NULL"]
    sets += [f"{name} = {sql}" for name, sql in changes]
    found = ", ".join(["jobs.id AS old_id", "jobs.status AS from_status", *given])
    return f"""
        WITH old AS (
            SELECT {found} FROM {source} AND jobs.status IN ({sources}) ORDER BY jobs.id FOR UPDATE OF jobs {lock}
        ), changed AS (
            UPDATE jobs SET {", ".join(sets)} FROM old WHERE id = old_id RETURNING jobs.*, from_status
        ), recorded AS (
            INSERT INTO job_transitions (job_id, sequence, from_status, to_status, attempt, actor, reason, next_attempt_at)
            SELECT id, sequence, from_status, status, attempt, CAST(:actor AS text), CAST(:reason AS text), next_attempt_at
            FROM changed
        )
        SELECT * FROM changed
        """  # noqa: S608 (nothing in it comes from outside)


def _parameter(name: str) -> str:
    kind = jobs.c[name].type.compile(dialect=_DIALECT)
    return f"CAST(CAST(:v_{name} AS text) AS jsonb)" if kind == "JSONB" else f"CAST(:v_{name} AS {kind})"


def _bound(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, dict) else value


def request_event(row: RowMapping) -> Event:
    """The event that asked for the job in `row`, with the id it has always had."""
    kind = EntityKind(row["entity_kind"])
    if row["kind"] == JobKind.REFRESH:
        return RefreshRequested(
            event_id=row["event_id"],
            occurred_at=row["created_at"],
            entity_kind=kind,
            job_id=row["id"],
            slug=row["slug"],
            entity_id=row["entity_id"],
        )
    return GenerationRequested(
        event_id=row["event_id"],
        occurred_at=row["created_at"],
        entity_kind=kind,
        job_id=row["id"],
        slug=row["slug"],
        form=Form(row["form"]),
        locale=Locale(row["locale"]),
        context_tag=ContextTag(row["context_tag"]) if row["context_tag"] else None,
    )


def stopped_event(row: RowMapping, failure: Failure | None, reason: str) -> Event:
    """The event that tells others that the job in `row` ended without a result; `failure` is None after a cancellation."""
    kind, error = EntityKind(row["entity_kind"]), failure.type if failure else None
    if row["kind"] == JobKind.REFRESH:
        return RefreshFailed(
            event_id=ids.row_id(),
            occurred_at=row["updated_at"],
            entity_kind=kind,
            job_id=row["id"],
            slug=row["slug"],
            entity_id=row["entity_id"],
            error=error,
            reason=reason,
        )
    return GenerationFailed(
        event_id=ids.row_id(),
        occurred_at=row["updated_at"],
        entity_kind=kind,
        job_id=row["id"],
        slug=row["slug"],
        requested_slug=row["requested_slug"],
        form=Form(row["form"]),
        locale=Locale(row["locale"]),
        context_tag=ContextTag(row["context_tag"]) if row["context_tag"] else None,
        error=error,
        reason=reason,
    )


FIRST_TRANSITIONS = """
    INSERT INTO job_transitions (job_id, sequence, to_status, attempt, actor)
    SELECT id, 1, 'PENDING', 0, CAST(:actor AS text) FROM {jobs}
"""
"""The first transitions of jobs that are inserted as PENDING in the same statement or transaction."""
