"""`GET /api/v1/jobs/{id}/events`: follow a job."""

from collections.abc import AsyncIterator, Callable

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from gateway.http import event_stream
from gateway.http.documentation import EVENTS, documented
from gateway.http.job_documents import id_of
from gateway.http.links import Links
from gateway.http.principal import Identify
from gateway.http.problems import Problem, job_not_found
from gateway.http.requests import context_of
from gateway.usecases.follow_job import FollowJob
from gateway.usecases.read_job import ReadJob

STREAM_AGAIN_S = 5


class EventStream(StreamingResponse):
    """Calls `leave` once, however the stream ends; a client that goes away ends it at once."""

    def __init__(self, content: AsyncIterator[bytes], leave: Callable[[], None]) -> None:
        super().__init__(content, headers=event_stream.HEADERS, media_type=event_stream.MEDIA_TYPE)
        self._leave = leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._leave()


def router(*, identify: Identify, read_job: ReadJob, follow_job: FollowJob, links: Links) -> APIRouter:
    router = APIRouter(prefix="/api/v1/jobs", tags=["Jobs"])

    @router.get(
        "/{job_id}/events",
        summary="Follow a job as server-sent events",
        dependencies=[Depends(identify)],
        **documented(EVENTS),
    )
    async def events(request: Request, job_id: str) -> Response:
        """Every transition of a job once and in order, stored ones first, then live ones, until the last."""
        wanted, context = id_of(job_id), context_of(request)
        after = event_stream.last_event_id(
            request.headers.get("last-event-id"), request.query_params.get("last_event_id")
        )
        found = await read_job(wanted)
        if found is None:
            raise job_not_found(job_id)
        if found.status.terminal and after >= found.sequence:
            return Response(status_code=204)
        if context.head:
            return Response(headers=event_stream.HEADERS, media_type=event_stream.MEDIA_TYPE)
        if not follow_job.enter():
            members = {"violated-policies": ["streams"], "retry_after": STREAM_AGAIN_S}
            headers = {"Retry-After": str(STREAM_AGAIN_S)}
            raise Problem("temporary-reduced-capacity", members=members, headers=headers)
        stream = event_stream.encoded(follow_job(wanted, after), links, context.language)
        return EventStream(stream, leave=follow_job.leave)

    return router
