"""`POST /api/v1/{type}/{slug}/refresh` for all four types."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Request, Response

from gateway.http import bodies, entity_documentation, prefer
from gateway.http.entity_answers import accepted, entity_not_found
from gateway.http.idempotency import key_of
from gateway.http.links import API
from gateway.http.prefer import Preferences
from gateway.http.principal import Identify, Principal
from gateway.http.problems import Problem
from gateway.http.refresh_documents import refreshed
from gateway.http.requests import while_connected
from gateway.http.validation import NoMembers, validated
from gateway.ports import Accepted, Answer, JobView, KeyInUse, KeyReused, Replayed
from gateway.usecases.refresh_entity import NoSnapshot, NotStored, RefreshEntity, RefreshRequest
from gateway.usecases.wait_for_job import WaitForJob
from shared.entities import KINDS, EntityKind
from shared.jobs import JobStatus

DEFAULT_WAIT_S = 10

Endpoint = Callable[..., Awaitable[Response]]


def router(*, identify: Identify, refresh_entity: RefreshEntity, wait_for_job: WaitForJob) -> APIRouter:
    router = APIRouter(prefix=API)

    def refresh(kind: EntityKind) -> Endpoint:
        async def refresh_of_kind(
            request: Request,
            slug: str,
            raw: Annotated[bytes, Depends(bodies.read)],
            principal: Annotated[Principal, Depends(identify)],
        ) -> Response:
            if raw:
                validated(NoMembers, bodies.parse(raw))
            wanted = RefreshRequest(kind, slug, principal.caller, key_of(request, {}))
            outcome = await refresh_entity(wanted)
            if isinstance(outcome, Accepted):
                return await answered(request, kind, [job.job_id for job in outcome.jobs], outcome.answer)
            if isinstance(outcome, Replayed):
                response = await answered(request, kind, outcome.job_ids, outcome.answer)
                response.headers["Idempotent-Replayed"] = "true"
                return response
            raise _problem(kind, slug, outcome)

        return refresh_of_kind

    async def answered(request: Request, kind: EntityKind, job_ids: Sequence[UUID], answer: Answer) -> Response:
        preferences = prefer.parse(request.headers.getlist("prefer"))
        response, applied = accepted(answer), False
        if seconds := _seconds(preferences):
            waited = await while_connected(request, wait_for_job(job_ids, seconds))
            applied = waited.applied
            response = next((ended for job in waited.jobs if (ended := _ended(kind, job))), response)
        if honoured := preferences.applied(waited=applied):
            response.headers["Preference-Applied"] = honoured
        return response

    for kind in EntityKind:
        path = f"/{KINDS[kind].path}/{{slug}}/refresh"
        router.add_api_route(path, refresh(kind), methods=["POST"], **entity_documentation.refresh(kind))
    return router


def _problem(kind: EntityKind, slug: str, outcome: KeyReused | KeyInUse | NotStored | NoSnapshot) -> Problem:
    match outcome:
        case KeyReused():
            return Problem("idempotency-key-reused")
        case KeyInUse():
            return Problem("idempotency-key-in-use", headers={"Retry-After": "1"})
        case NotStored():
            return entity_not_found(kind, slug)
        case NoSnapshot(stored):
            return Problem("snapshot-not-found", kind=kind, values={"slug": stored}, members={"slug": stored})


def _seconds(preferences: Preferences) -> int:
    """How long to wait: the wish, nothing for `respond-async` alone, otherwise ten seconds."""
    return preferences.wait_s or (0 if preferences.respond_async else DEFAULT_WAIT_S)


def _ended(kind: EntityKind, job: JobView) -> Response | None:
    """The answer about a refresh that has ended; raises the problem that a failed or cancelled one is."""
    match job.status:
        case JobStatus.DONE if job.result is not None:
            body = orjson.dumps(refreshed(kind, job.result))
            return Response(body, headers={"Cache-Control": "no-store"}, media_type="application/json")
        case JobStatus.FAILED:
            raise Problem("upstream-failed", kind=kind, members={"upstream": "tmdb"})
        case JobStatus.CANCELLED:
            raise Problem("conflict")
        case _:
            return None
