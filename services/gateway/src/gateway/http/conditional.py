"""Conditional requests: strong entity tags, compared weakly (RFC 9110 sections 8.8.3 and 13.1.2)."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import Response

from gateway.read_ports import Representation

REVALIDATE = "public, no-cache"
_TAG = re.compile(r'(?:W/)?("[^"]*")')


def matches(if_none_match: str, etag: str) -> bool:
    """Whether a list of entity tags names `etag`; `*` names every one. What is not a tag is ignored."""
    return if_none_match.strip() == "*" or etag in _TAG.findall(if_none_match)


def respond(request: Request, shown: Representation, headers: Mapping[str, str] = MappingProxyType({})) -> Response:
    """200 with `shown`, or 304 without a body when the client has exactly that. `Vary` is added where origins are checked."""
    sent = {"ETag": shown.etag, "Cache-Control": REVALIDATE, **headers}
    known = request.headers.get("if-none-match")
    if known is not None and matches(known, shown.etag):
        return Response(status_code=304, headers=sent)
    return Response(shown.body, headers=sent, media_type="application/json")
