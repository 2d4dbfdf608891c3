"""Server-sent events of a job (WHATWG HTML, section "Server-sent events")."""

from collections.abc import AsyncGenerator, AsyncIterator

import orjson

from gateway.http.job_documents import job_body, transition_body
from gateway.http.languages import Language
from gateway.http.links import Links
from gateway.http.problems import invalid
from gateway.usecases.follow_job import Moved, Silence

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
MEDIA_TYPE = "text/event-stream"
LAST_SEQUENCE = 999_999_999
_RETRY = b"retry: 2000\n\n"
_HEARTBEAT = b": heartbeat\n\n"


async def encoded(news: AsyncGenerator[Moved | Silence], links: Links, language: Language) -> AsyncIterator[bytes]:
    """The stream of `news`; closing it closes them."""
    try:
        yield _RETRY
        async for item in news:
            yield _event(item, links, language) if isinstance(item, Moved) else _HEARTBEAT
    finally:
        await news.aclose()


def last_event_id(header: str | None, parameter: str | None) -> int:
    """The last sequence the client has; 0 for none. The header, which a reconnecting browser sends, wins. Raises `invalid-request`."""
    sent = {name: value for name, value in (("Last-Event-ID", header), ("last_event_id", parameter)) if value}
    wrong = [name for name, value in sent.items() if not (value.isascii() and value.isdigit() and len(value) <= 9)]
    if wrong:
        raise invalid({name: [f"Must be a whole number from 0 to {LAST_SEQUENCE}."] for name in wrong})
    return int(next(iter(sent.values()), 0))


def _event(moved: Moved, links: Links, language: Language) -> bytes:
    data = {"job_id": str(moved.job_id), **transition_body(moved.transition)}
    if moved.final is not None:
        data["job"] = job_body(moved.final, links, language)
    head = f"id: {moved.transition.sequence}\nevent: {moved.transition.status.lower()}\ndata: "
    return head.encode() + orjson.dumps(data) + b"\n\n"
