"""What every simulated provider needs from HTTP: bounded bodies, JSON answers, and ways to break a connection."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from sandbox.shape import as_object

MAX_BODY_BYTES = 1024 * 1024
ABORT_EXTENSION = "sandbox.abort"


class BodyError(ValueError):
    """The request body is too large or is not a JSON object; `status` says which."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def json_response(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """`value` as a compact JSON answer."""
    return Response(orjson.dumps(value), status, headers, "application/json")


async def read_object(request: Request) -> dict[str, Any]:
    """The request's JSON object; BodyError 413 above 1 MiB, 400 when it is not an object."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise BodyError(f"The body is larger than {MAX_BODY_BYTES} bytes.", 413)
    try:
        value = orjson.loads(bytes(body))
    except orjson.JSONDecodeError as error:
        raise BodyError("We could not parse the JSON body of your request.", 400) from error
    found = as_object(value)
    if found is None:
        raise BodyError("The body has to be a JSON object.", 400)
    return found


async def wait(request: Request, limit_s: float, released: asyncio.Event | None = None) -> bool:
    """Waits for `released`, at most `limit_s` seconds and only while the client stays; False when the client left.

    Call it after the body was read, or the body would be mistaken for the end of the connection.
    """
    gone = asyncio.create_task(_disconnected(request))
    tasks = {gone} | ({asyncio.create_task(_set(released))} if released else set[asyncio.Task[None]]())
    try:
        await asyncio.wait(tasks, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        return not gone.done()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def reset(request: Request) -> None:
    """Cuts the connection without an answer; without a server underneath it raises ConnectionResetError."""
    abort = request.scope.get("extensions", {}).get(ABORT_EXTENSION)
    if abort is None:
        raise ConnectionResetError("The sandbox closed the connection.")
    abort()
    await _disconnected(request)


def drip(response: Response, interval_s: float) -> Response:
    """The same answer, one byte per `interval_s`."""
    headers = dict(response.headers)
    return StreamingResponse(_drops(bytes(response.body), interval_s), response.status_code, headers)


async def _drops(body: bytes, interval_s: float) -> AsyncIterator[bytes]:
    for at in range(len(body)):
        yield body[at : at + 1]
        await asyncio.sleep(interval_s)  # noqa: TID251 -- the scripted delay is the feature


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _set(event: asyncio.Event) -> None:
    await event.wait()
