"""A refresh on the wire: accepted, and done."""

from typing import Any

from gateway.http.job_documents import moment
from gateway.http.links import Links, job_path
from gateway.ports import AcceptedJob, Answer
from shared.entities import KINDS, EntityKind
from shared.jobs import Result


def accepted(job: AcceptedJob, links: Links) -> Answer:
    """The 202 of a refresh; `slug` is canonical."""
    names = KINDS[job.new.entity_kind]
    body = {
        "job_id": str(job.job_id),
        "status": job.status,
        "message": f"Refresh {'queued' if job.created else 'already queued'} for {_noun(job.new.entity_kind)}",
        "slug": job.new.slug,
        names.id_member: str(job.new.entity_id),
        "links": links.job(job.job_id),
    }
    return Answer(202, body, job_path(job.job_id))


def refreshed(kind: EntityKind, result: Result) -> dict[str, Any]:
    """The 200 of a refresh: the only answer that tells the catalogue's id."""
    return {
        "message": f"{KINDS[kind].label} data refreshed from TMDb",
        "slug": result.slug,
        KINDS[kind].id_member: str(result.entity_id),
        "tmdb_id": result.tmdb_id,
        "refreshed_at": moment(result.refreshed_at) if result.refreshed_at else None,
    }


def _noun(kind: EntityKind) -> str:
    return KINDS[kind].one.replace("tv_", "TV ").replace("_", " ")
