"""`/api/v1/admin/ai` and `/api/v1/admin/ai-metrics`: stop AI calls, and see what they cost and come to."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request, Response

from gateway.ai_ports import Grouping, MetricsFilter, SwitchState
from gateway.http import ai_documentation, ai_documents, bodies
from gateway.http.admin_access import AdminAccess, Administrator, Role
from gateway.http.ai_documents import SwitchBody
from gateway.http.documentation import documented
from gateway.http.validation import validated
from gateway.usecases.read_ai import ReadAi
from gateway.usecases.switch_ai import SwitchAi
from shared.clock import Clock

Raw = Annotated[bytes, Depends(bodies.read)]


def router(*, access: AdminAccess, read: ReadAi, switch: SwitchAi, clock: Clock) -> APIRouter:
    router = APIRouter(prefix="/api/v1/admin", tags=["Administration"])
    viewer, operator = Depends(access.require(Role.VIEWER)), Depends(access.require(Role.OPERATOR))

    def asked(request: Request) -> MetricsFilter:
        return ai_documents.metrics_filter(request.query_params, clock.now().date())

    @router.get("/ai", summary="Switch and budget", dependencies=[viewer], **documented(ai_documentation.NOW))
    async def show_ai() -> Response:
        """Whether AI calls are stopped, and what those of today cost."""
        return _json(ai_documents.now(*await read.now()))

    @router.post("/ai/stop", summary="Stop AI calls", **documented(ai_documentation.STOP))
    async def stop_ai(raw: Raw, administrator: Annotated[Administrator, operator]) -> Response:
        """In all workers at once; jobs wait. Repeating it changes nothing."""
        return await _switched(raw, administrator, switch.stop)

    @router.post("/ai/resume", summary="Resume AI calls", **documented(ai_documentation.RESUME))
    async def resume_ai(raw: Raw, administrator: Annotated[Administrator, operator]) -> Response:
        """Repeating it changes nothing."""
        return await _switched(raw, administrator, switch.resume)

    metrics = "/ai-metrics"

    @router.get(
        f"{metrics}/token-usage",
        summary="Tokens and cost",
        dependencies=[viewer],
        **documented(ai_documentation.TOKEN_USAGE),
    )
    async def token_usage(request: Request) -> Response:
        """Of every call that was begun."""
        what = asked(request)
        return _json(ai_documents.token_usage(await read.figures(what), what))

    @router.get(
        f"{metrics}/parsing-accuracy",
        summary="Parse accuracy and latency",
        dependencies=[viewer],
        **documented(ai_documentation.PARSING_ACCURACY),
    )
    async def parsing_accuracy(request: Request) -> Response:
        """Of every answer."""
        what = asked(request)
        return _json(ai_documents.parsing_accuracy(await read.figures(what), what))

    @router.get(f"{metrics}/errors", summary="Errors", dependencies=[viewer], **documented(ai_documentation.ERRORS))
    async def errors(request: Request) -> Response:
        """Calls without an answer, and answers that were not taken, by code."""
        what = asked(request)
        return _json(ai_documents.errors(await read.figures(what), what))

    @router.get(
        f"{metrics}/comparison",
        summary="Compare formats",
        dependencies=[viewer],
        **documented(ai_documentation.COMPARISON),
    )
    async def comparison(request: Request) -> Response:
        """The strict format against the compact one."""
        what = replace(asked(request), grouping=Grouping.DATA_FORMAT)
        return _json(ai_documents.comparison(await read.figures(what)))

    return router


async def _switched(
    raw: bytes, administrator: Administrator, turn: Callable[[str, str], Awaitable[SwitchState]]
) -> Response:
    body = validated(SwitchBody, bodies.parse(raw))
    return _json(ai_documents.switch(await turn(administrator.actor, body.reason)))


def _json(body: Any) -> Response:
    return Response(orjson.dumps(body), media_type="application/json")
