"""Outgoing HTTP to the providers that an operator configured. Addresses from callers go through `shared.safe_http`."""

import asyncio
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Literal

import httpx

from shared.errors import MovieMindError

Params = Mapping[str, str | int]
_LONGEST_WISH_S = 86_400.0


class HttpError(MovieMindError):
    """No usable answer came. Holds the host only: an address can carry a key, and so do httpx's own exceptions."""

    def __init__(self, reason: Literal["timeout", "connection", "too_large"], host: str) -> None:
        super().__init__(f"{host}: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer of any status."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def retry_after_s(self) -> float | None:
        """The server's wish in seconds, at most a day (RFC 9110 section 10.2.3); a date counts from `Date`."""
        value = self.headers.get("retry-after", "").strip()
        if re.fullmatch(r"\d{1,9}(?:\.\d+)?", value):
            return min(float(value), _LONGEST_WISH_S)
        try:
            wish = parsedate_to_datetime(value) - parsedate_to_datetime(self.headers.get("date", ""))
        except (TypeError, ValueError):
            return None
        return min(max(wish.total_seconds(), 0.0), _LONGEST_WISH_S)


def client(
    *,
    connect_timeout_s: float = 2.0,
    read_timeout_s: float = 5.0,
    connections: int = 32,
    keepalive_s: float = 30.0,
    transport: httpx.AsyncBaseTransport | None = None,
) -> httpx.AsyncClient:
    """A client with explicit timeouts and at most `connections` connections.

    It follows no redirects and takes nothing from the environment. Silences httpx's log lines: they show addresses.
    """
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx.AsyncClient(
        timeout=httpx.Timeout(read_timeout_s, connect=connect_timeout_s, pool=connect_timeout_s),
        limits=httpx.Limits(
            max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=keepalive_s
        ),
        headers={"User-Agent": "moviemind"},
        transport=transport,
        follow_redirects=False,
        trust_env=False,
    )


async def bounded_get(
    http: httpx.AsyncClient,
    url: str,
    params: Params | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    deadline_s: float,
    max_bytes: int,
) -> Answer:
    """The answer to a GET, whole within `deadline_s` seconds and `max_bytes` decoded bytes; otherwise `HttpError`."""
    reason: Literal["timeout", "connection", "too_large"] = "too_large"
    try:
        async with asyncio.timeout(deadline_s), http.stream("GET", url, params=params, headers=headers) as response:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > max_bytes:
                    break
            else:
                return Answer(response.status_code, response.headers, bytes(body))
    except (TimeoutError, httpx.TimeoutException):
        reason = "timeout"
    except httpx.HTTPError:
        reason = "connection"
    # outside the handlers, so that the error has no context that knows the address
    raise HttpError(reason, httpx.URL(url).host)
