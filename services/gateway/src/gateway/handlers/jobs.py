"""`/api/v1/jobs/{id}`: read, wait, cancel."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request, Response

from gateway.http import bodies, prefer
from gateway.http.conditional import matches
from gateway.http.documentation import CANCEL, JOB, documented
from gateway.http.job_documents import etag, id_of, job_body, retry_after_s
from gateway.http.links import Links
from gateway.http.principal import Identify, Principal
from gateway.http.problems import Problem, job_not_found
from gateway.http.requests import context_of, while_connected
from gateway.http.validation import NoMembers, validated
from gateway.ports import AlreadyFinished, Cancellation, Cancelled, Detached, JobView, NotACaller, UnknownJob
from gateway.usecases.cancel_job import CancelJob
from gateway.usecases.read_job import ReadJob
from gateway.usecases.wait_for_job import WaitForJob, finished
from shared.clock import Clock

_VARY = "Prefer, Accept-Language, Authorization, X-API-Key"


def router(
    *,
    identify: Identify,
    read_job: ReadJob,
    wait_for_job: WaitForJob,
    cancel_job: CancelJob,
    links: Links,
    clock: Clock,
) -> APIRouter:
    router = APIRouter(prefix="/api/v1/jobs", tags=["Jobs"])

    @router.get("/{job_id}", summary="Read a job, or wait for it", dependencies=[Depends(identify)], **documented(JOB))
    async def job(request: Request, job_id: str) -> Response:
        """The stored state of a job; with `Prefer: wait` its next or its last one."""
        wanted, known = id_of(job_id), request.headers.get("if-none-match", "")
        wait_s, applied = prefer.parse(request.headers.getlist("prefer")).wait_s, False
        if wait_s is None:
            found = await read_job(wanted)
        else:
            waited = await while_connected(request, wait_for_job([wanted], wait_s, _until(known, request)))
            found, applied = next(iter(waited.jobs), None), waited.applied
        if found is None:
            raise job_not_found(job_id)
        headers = {"ETag": _tag(found, request), "Cache-Control": "private, no-cache", "Vary": _VARY}
        if applied:
            headers["Preference-Applied"] = f"wait={wait_s}"
        if matches(known, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        return _document(request, found, links, clock.now(), headers)

    @router.post("/{job_id}/cancel", summary="Cancel a job, or leave it", **documented(CANCEL))
    async def cancel(
        request: Request,
        job_id: str,
        raw: Annotated[bytes, Depends(bodies.read)],
        principal: Annotated[Principal, Depends(identify)],
    ) -> Response:
        """Cancel a job that you asked for. While others wait for it too, you only leave it."""
        if raw:
            validated(NoMembers, bodies.parse(raw))
        outcome = _told(await cancel_job(id_of(job_id), principal.caller), job_id)
        more = {"detached": True} if isinstance(outcome, Detached) else {}
        return _document(request, outcome.job, links, clock.now(), {}, **more)

    return router


def _tag(job: JobView, request: Request) -> str:
    return etag(job, context_of(request).language)


def _until(known: str, request: Request) -> Callable[[JobView], bool]:
    """What ends a wait: a state that the client does not know, or, when it says nothing of what it knows, the last one."""
    if not known:
        return finished
    return lambda job: not matches(known, _tag(job, request))


def _told(outcome: Cancellation, job_id: str) -> Cancelled | Detached:
    match outcome:
        case Cancelled() | Detached():
            return outcome
        case AlreadyFinished(job=job):
            members = {"job_id": str(job.id), "job_status": job.status}
            raise Problem("job-already-finished", values={"job_status": job.status}, members=members)
        case NotACaller():
            raise Problem("forbidden", message="not-a-caller")
        case UnknownJob():
            raise job_not_found(job_id)


def _document(
    request: Request, job: JobView, links: Links, now: datetime, headers: Mapping[str, str], **more: Any
) -> Response:
    language = context_of(request).language
    sent = {**headers, "Content-Language": language}
    if (wait_s := retry_after_s(job, now)) is not None:
        sent["Retry-After"] = str(wait_s)
    return Response(orjson.dumps(job_body(job, links, language) | more), 200, sent, "application/json")
