"""Job rows as views: one statement, so that a job and its transitions are of one moment."""

from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, func, select
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from gateway.ports import JobView, Transition
from shared.db.tables import job_transitions, jobs
from shared.entities import ContextTag, EntityKind, Form, Locale
from shared.jobs import Failure, JobKind, JobStatus, Result

_steps = job_transitions.c
_TRANSITIONS = (
    select(
        func.jsonb_agg(
            aggregate_order_by(
                func.jsonb_build_array(
                    _steps.sequence,
                    _steps.to_status,
                    _steps.at,
                    _steps.attempt,
                    _steps.actor,
                    _steps.reason,
                    _steps.next_attempt_at,
                ),
                _steps.sequence,
            ),
            type_=JSONB,
        )
    )
    .where(_steps.job_id == jobs.c.id)
    .correlate(jobs)
    .scalar_subquery()
    .label("transitions")
)
SELECT_VIEW = select(*jobs.c, _TRANSITIONS)
"""Selects what `view` reads."""


def view(row: RowMapping) -> JobView:
    """The job in a row of `SELECT_VIEW`."""
    return JobView(
        id=row["id"],
        kind=JobKind(row["kind"]),
        entity_kind=EntityKind(row["entity_kind"]),
        slug=row["slug"],
        requested_slug=row["requested_slug"],
        entity_id=row["entity_id"],
        form=Form(row["form"]) if row["form"] else None,
        locale=Locale(row["locale"]) if row["locale"] else None,
        context_tag=ContextTag(row["context_tag"]) if row["context_tag"] else None,
        confidence=row["confidence"],
        status=JobStatus(row["status"]),
        attempt=row["attempt"],
        max_attempts=row["max_attempts"],
        sequence=row["sequence"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        next_attempt_at=row["next_attempt_at"],
        deadline_at=row["deadline_at"],
        result=Result.model_validate(row["result"]) if row["result"] else None,
        error=Failure.model_validate(row["error"]) if row["error"] else None,
        superseded_by=row["superseded_by"],
        transitions=tuple(_transition(*step) for step in row["transitions"] or ()),
    )


def _transition(
    sequence: int, status: str, at: str, attempt: int, actor: str, reason: str | None, next_attempt_at: Any
) -> Transition:
    return Transition(
        sequence=sequence,
        status=JobStatus(status),
        at=datetime.fromisoformat(at),
        attempt=attempt,
        actor=actor,
        reason=reason,
        next_attempt_at=datetime.fromisoformat(next_attempt_at) if next_attempt_at else None,
    )
