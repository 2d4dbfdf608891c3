"""What is known of every request before a handler runs, and the handlers' hold on its connection."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Scope

from gateway.http.languages import Language, negotiate
from shared import ids

T = TypeVar("T")
_KEY = "moviemind.request"


@dataclass(frozen=True, slots=True)
class RequestContext:
    """`head` is set for HEAD, which routes see as GET: such a request must not queue a job. `client` is the caller's address."""

    request_id: UUID
    correlation_id: UUID
    language: Language
    head: bool
    client: str
    https: bool


class ClientGone(Exception):
    """The client closed the connection: nobody reads the answer."""


def bind(scope: Scope, headers: Headers, *, client: str, https: bool) -> RequestContext:
    """Make the context of a request and keep it in its scope. A request id that is not a UUID is replaced."""
    context = RequestContext(
        request_id=_kept(headers.get("x-request-id")),
        correlation_id=_kept(headers.get("x-correlation-id")),
        language=negotiate(headers.get("accept-language")),
        head=scope["method"] == "HEAD",
        client=client,
        https=https,
    )
    scope[_KEY] = context
    return context


def context_of(request: Request) -> RequestContext:
    """The context of a request; usable as a dependency."""
    return request.scope[_KEY]


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`; it is cancelled and `ClientGone` raised as soon as the client disconnects.

    The request's body must have been read.
    """
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientGone
        return task.result()
    finally:
        task.cancel()
        gone.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _kept(header: str | None) -> UUID:
    try:
        return UUID(header) if header and len(header) == 36 else ids.job_id()
    except ValueError:
        return ids.job_id()
