"""Jobs on the wire: the answer to an acceptance, and the one document of a job."""

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from gateway.http.failures import failure_body
from gateway.http.languages import Language
from gateway.http.links import Links, job_path
from gateway.http.problems import job_not_found
from gateway.ports import AcceptedJob, Answer, JobView, Transition
from shared.entities import KINDS, SHORT_FORMS, EntityKind
from shared.jobs import JobKind, JobStatus
from shared.slugs import confidence_level

POLL_AGAIN_S = 2
MAX_RETRY_AFTER_S = 60
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def accepted(jobs: Sequence[AcceptedJob], links: Links) -> Answer:
    """The 202 of an acceptance: one job, or several under `jobs`."""
    bodies = [accepted_body(job, links) for job in jobs]
    if len(jobs) == 1:
        return Answer(202, bodies[0], job_path(jobs[0].job_id))
    many = {
        "job_ids": [body["job_id"] for body in bodies],
        "status": JobStatus.PENDING,
        "message": f"Generation queued for {_noun(jobs[0].new.entity_kind)} by slug, {len(jobs)} context tags",
        "slug": jobs[0].new.requested_slug,
        "context_tags": [job.new.context_tag for job in jobs],
        "locale": jobs[0].new.locale,
        "jobs": bodies,
    }
    return Answer(202, many)


def accepted_body(job: AcceptedJob, links: Links) -> dict[str, Any]:
    """One accepted generation."""
    new, names = job.new, KINDS[job.new.entity_kind]
    confidence = new.confidence or 0.0
    body: dict[str, Any] = {
        "job_id": str(job.job_id),
        "status": job.status,
        "message": _message(job),
        "slug": new.requested_slug,
        "confidence": confidence,
        "confidence_level": confidence_level(confidence),
        "locale": new.locale,
    }
    if new.context_tag is not None:
        body["context_tag"] = new.context_tag
    if new.form is not None and new.form is not names.form:
        body["form"] = new.form
    if new.entity_id is not None:
        body["existing_id"] = str(new.entity_id)
        body[names.text_id_member] = _text(new.baseline_text_id)
    return body | {"links": links.job(job.job_id)}


def job_body(job: JobView, links: Links, language: Language) -> dict[str, Any]:
    """The document of a job: the same members for every kind and in every state."""
    result = job.result
    text_id = _text(result.text_id if result else None)
    generated = job.kind is JobKind.GENERATION
    return {
        "job_id": str(job.id),
        "kind": job.kind,
        "status": job.status,
        "entity": job.entity_kind,
        "slug": job.slug,
        "requested_slug": job.requested_slug,
        "confidence": job.confidence if generated else None,
        "confidence_level": confidence_level(job.confidence) if generated and job.confidence is not None else None,
        "form": job.form,
        "locale": job.locale,
        "context_tag": job.context_tag or (result.context_tag if result else None),
        "id": _text(job.entity_id),
        "entity_id": _text(job.entity_id),
        "text_id": text_id,
        KINDS[job.entity_kind].text_id_member: None if job.form in SHORT_FORMS else text_id,
        "became_default": result.became_default if result else None,
        "attempt": job.attempt,
        "max_attempts": job.max_attempts,
        "sequence": job.sequence,
        "created_at": moment(job.created_at),
        "updated_at": moment(job.updated_at),
        "deadline_at": moment(job.deadline_at),
        "started_at": _moment(job.started_at),
        "finished_at": _moment(job.finished_at),
        "next_attempt_at": _moment(job.next_attempt_at),
        "superseded_by": _text(job.superseded_by),
        "error": failure_body(job.error, job.entity_kind, language)
        if job.status is JobStatus.FAILED and job.error
        else None,
        "transitions": [transition_body(transition) for transition in job.transitions],
        "links": links.job(job.id) | ({"entity": links.entity(job.entity_kind, job.slug)} if job.entity_id else {}),
    }


def transition_body(transition: Transition) -> dict[str, Any]:
    body: dict[str, Any] = {
        "sequence": transition.sequence,
        "status": transition.status,
        "at": moment(transition.at),
        "attempt": transition.attempt,
        "actor": transition.actor,
        "reason": transition.reason,
    }
    if transition.status is JobStatus.RETRYING:
        body["next_attempt_at"] = _moment(transition.next_attempt_at)
    return body


def finished_answer(answer: Answer, jobs: Sequence[JobView], links: Links, language: Language) -> Answer:
    """The 200 for an acceptance whose jobs have all ended."""
    if len(jobs) == 1:
        return Answer(200, job_body(jobs[0], links, language), answer.location)
    done = all(job.status is JobStatus.DONE for job in jobs)
    status = JobStatus.DONE if done else JobStatus.FAILED
    return Answer(200, {**answer.body, "status": status, "jobs": [job_body(job, links, language) for job in jobs]})


def id_of(job_id: str) -> UUID:
    """The id in a path. Raises `job-not-found` for what is not a UUID."""
    if not _UUID.fullmatch(job_id):
        raise job_not_found(job_id)
    return UUID(job_id)


def etag(job: JobView, language: Language) -> str:
    """Strong: a job looks different after each transition and in each language."""
    return f'"{job.sequence}-{language}"'


def retry_after_s(job: JobView, now: datetime) -> int | None:
    """Whole seconds until asking again makes sense; None for a job that has ended."""
    if job.status.terminal:
        return None
    if job.status is JobStatus.RETRYING and job.next_attempt_at is not None:
        return min(max(1, math.ceil((job.next_attempt_at - now).total_seconds())), MAX_RETRY_AFTER_S)
    return POLL_AGAIN_S


def moment(value: datetime) -> str:
    """RFC 3339 in UTC with milliseconds and `Z`."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moment(value: datetime | None) -> str | None:
    return moment(value) if value else None


def _text(value: object | None) -> str | None:
    return str(value) if value is not None else None


def _message(job: AcceptedJob) -> str:
    noun = _noun(job.new.entity_kind)
    if not job.created:
        return f"Generation already queued for {noun} slug"
    return (
        f"Generation queued for existing {noun} slug" if job.new.entity_id else f"Generation queued for {noun} by slug"
    )


def _noun(kind: EntityKind) -> str:
    label = KINDS[kind].label
    return label if label.startswith("TV") else label.lower()
