"""One way to ask a provider of facts: a bounded call under a shared limit, and errors of `shared.errors`."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, cast

import httpx
import orjson
import structlog
from opentelemetry import metrics

from shared.errors import MovieMindError, Permanent, Transient, failure
from shared.http import Answer, HttpError, Params, bounded_get
from shared.jobs import FailureType
from shared.rate_limit import CallLimit

DRIFT = "moviemind.provider.drift"
_LONGEST_BACKOFF_S = 60.0

_counter = metrics.get_meter(__name__).create_counter(
    DRIFT, "{member}", "Members of a provider's documents that came in another form, by provider and path"
)
log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


class Provider:
    """GETs that end within `deadline_s` seconds: the wait for a free slot and for the shared limit, at most half of them, included.

    A connection that broke is tried once more. 429 pauses everybody who shares `limit` as long as the provider wishes, or for
    1, 2, 4 … 60 seconds while it says nothing.

    Raises `Transient` with `RATE_LIMITED` (uncounted) for 429 and when the limit leaves no room in time, with `TIMEOUT` after the deadline
    and with `UNKNOWN_ERROR` for 5xx, broken connections and oversized answers. No message, cause or log line holds an address.
    """

    def __init__(
        self,
        name: str,
        http: httpx.AsyncClient,
        *,
        deadline_s: float,
        concurrency: int,
        max_bytes: int,
        limit: CallLimit | None = None,
    ) -> None:
        self._name = name
        self._http = http
        self._deadline_s = deadline_s
        self._max_bytes = max_bytes
        self._limit = limit
        self._slots = asyncio.Semaphore(concurrency)
        self._throttled = 0

    async def get(self, url: str, params: Params | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        """An answer of any status but 429 and 5xx."""
        try:
            async with asyncio.timeout(self._deadline_s), self._slots:
                answer = await self._answer(url, params, headers)
        except TimeoutError:
            raise transient(f"{self._name} did not answer in time", FailureType.TIMEOUT) from None
        if answer.status == 429:
            await self._hold_back(answer.retry_after_s)
        self._throttled = 0
        if answer.status >= 500:
            raise self.refusal(answer)
        return answer

    def document(self, answer: Answer) -> Mapping[str, Any]:
        """The JSON object of an answer, else `Transient`."""
        found = _parsed(answer.body)
        if not isinstance(found, dict):
            raise transient(f"{self._name} answered with something that is no JSON object")
        return cast("Mapping[str, Any]", found)

    def array(self, answer: Answer) -> list[object]:
        """The JSON array of an answer, else `Transient`."""
        found = _parsed(answer.body)
        if not isinstance(found, list):
            raise transient(f"{self._name} answered with something that is no JSON array")
        return cast("list[object]", found)

    def refusal(self, answer: Answer) -> MovieMindError:
        """`Permanent` for a request that the provider calls wrong; `Transient` for any other status, which says nothing of it."""
        message = f"{self._name} answered with status {answer.status}"
        if 400 <= answer.status < 500:
            return Permanent(failure(FailureType.UNKNOWN_ERROR, message))
        return transient(message, retry_after_s=answer.retry_after_s)

    async def _admitted(self) -> None:
        if self._limit is None:
            return
        wait_s = await self._limit.enter(max_wait_s=self._deadline_s / 2)
        if wait_s is not None:
            raise _rate_limited(f"no call to {self._name} is allowed yet", wait_s)

    async def _hold_back(self, wish_s: float | None) -> NoReturn:
        self._throttled += 1
        backoff_s = min(2.0 ** (min(self._throttled, 10) - 1), _LONGEST_BACKOFF_S)
        if self._limit is not None:
            await self._limit.pause(backoff_s if wish_s is None else wish_s)
        log.warning("provider.throttled", provider=self._name, retry_after_s=wish_s)
        raise _rate_limited(f"{self._name} throttled the request", wish_s)

    async def _answer(self, url: str, params: Params | None, headers: Mapping[str, str] | None) -> Answer:
        for last in (False, True):
            await self._admitted()
            try:
                return await bounded_get(
                    self._http, url, params, headers, deadline_s=self._deadline_s, max_bytes=self._max_bytes
                )
            except HttpError as error:
                if error.reason == "timeout":
                    raise TimeoutError from None
                if error.reason == "too_large" or last:
                    raise transient(f"{self._name} gave no usable answer: {error.reason}") from None
        raise AssertionError("the last try returns or raises")


def report_drift(provider: str, paths: Sequence[str], counter: metrics.Counter = _counter) -> None:
    """Counts the members that came in another form, and names them in one log line."""
    if not paths:
        return
    for path in paths:
        counter.add(1, {"provider": provider, "path": path})
    log.warning("provider.drift", provider=provider, paths=list(paths))


def transient(
    message: str, kind: FailureType = FailureType.UNKNOWN_ERROR, *, retry_after_s: float | None = None
) -> Transient:
    return Transient(failure(kind, message), retry_after_s=retry_after_s)


def _rate_limited(message: str, retry_after_s: float | None) -> Transient:
    return Transient(failure(FailureType.RATE_LIMITED, message), retry_after_s=retry_after_s, counted=False)


def _parsed(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
