"""TMDb's v3 API (https://developer.themoviedb.org/reference) as documents or errors of `shared.errors`."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import httpx
import orjson
from pydantic import SecretStr

from shared.entities import EntityKind
from shared.errors import Permanent, Transient, Unavailable, failure
from shared.http import Answer, HttpError, Params, bounded_get
from shared.jobs import FailureType

Document = Mapping[str, Any]

_MAX_BYTES = 4 * 1024 * 1024  # a prolific person's details with all credits take about 1.5 MB
_LANGUAGE = "en-US"
_TYPES: Mapping[EntityKind, str] = MappingProxyType(
    {EntityKind.MOVIE: "movie", EntityKind.PERSON: "person", EntityKind.TV_SERIES: "tv", EntityKind.TV_SHOW: "tv"}
)
_PARTS: Mapping[str, str] = MappingProxyType(
    {"movie": "credits,recommendations", "tv": "aggregate_credits,recommendations", "person": "combined_credits"}
)
_YEAR_FILTER: Mapping[str, str] = MappingProxyType({"movie": "primary_release_year", "tv": "first_air_date_year"})


class TmdbClient:
    """GETs that end within `deadline_s` seconds, retry of a broken connection and wait for a free slot included.

    Raises `Transient` with `RATE_LIMITED` (uncounted, TMDb's own delay) for 429, with `TIMEOUT` after the deadline and
    with `UNKNOWN_ERROR` for 5xx, broken connections and answers that are oversized or no JSON object;
    `Unavailable("tmdb")` for a refused key; `Permanent` for a request that TMDb calls wrong. No message, cause or log
    line holds the key.
    """

    def __init__(
        self,
        base_url: str,
        api_key: SecretStr,
        *,
        http: httpx.AsyncClient,
        deadline_s: float = 3.0,
        concurrency: int = 8,
    ) -> None:
        key = api_key.get_secret_value()
        bearer = key.startswith("eyJ")  # a v4 token is a JWT, a v3 key is hexadecimal
        self._base_url = base_url.rstrip("/")
        self._headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {key}"} if bearer else {})
        self._key: dict[str, str | int] = {} if bearer else {"api_key": key}
        self._http = http
        self._deadline_s = deadline_s
        self._slots = asyncio.Semaphore(concurrency)

    async def search(self, kind: EntityKind, query: str, *, year: int | None = None, page: int = 1) -> Document:
        """One page of hits; `year` filters titles and is ignored for people. Adult titles are left out."""
        type_ = _TYPES[kind]
        params: dict[str, str | int] = {"query": query, "include_adult": "false", "language": _LANGUAGE, "page": page}
        if year is not None and type_ in _YEAR_FILTER:
            params[_YEAR_FILTER[type_]] = year
        return await self.get(f"search/{type_}", params) or {}

    async def details(self, kind: EntityKind, tmdb_id: int) -> Document | None:
        """Everything about one entity in one call, None when TMDb has no such id."""
        type_ = _TYPES[kind]
        append = f"{_PARTS[type_]},external_ids,translations"
        return await self.get(f"{type_}/{tmdb_id}", {"language": _LANGUAGE, "append_to_response": append})

    async def get(self, path: str, params: Params | None = None) -> Document | None:
        """The document at `path` (relative, without a leading slash), None for 404."""
        try:
            async with asyncio.timeout(self._deadline_s), self._slots:
                return _document(await self._answer(f"{self._base_url}/{path}", {**(params or {}), **self._key}))
        except TimeoutError:
            raise _transient("TMDb did not answer in time", FailureType.TIMEOUT) from None

    async def _answer(self, url: str, params: Params) -> Answer:
        for last in (False, True):
            try:
                return await bounded_get(
                    self._http, url, params, self._headers, deadline_s=self._deadline_s, max_bytes=_MAX_BYTES
                )
            except HttpError as error:
                if error.reason == "timeout":
                    raise TimeoutError from None
                if error.reason == "too_large" or last:
                    raise _transient(f"TMDb gave no usable answer: {error.reason}") from None
        raise AssertionError("the last try returns or raises")


def _document(answer: Answer) -> Document | None:
    match answer.status:
        case 200:
            return _parsed(answer.body)
        case 404:
            return None
        case 401 | 403:
            raise Unavailable("tmdb", retry_after_s=30)
        case 429:
            rate_limited = failure(FailureType.RATE_LIMITED, "TMDb throttled the request")
            raise Transient(rate_limited, retry_after_s=answer.retry_after_s, counted=False)
        case status if 400 <= status < 500:
            raise Permanent(failure(FailureType.UNKNOWN_ERROR, f"TMDb refused the request with status {status}"))
        case status:
            raise _transient(f"TMDb answered with status {status}", retry_after_s=answer.retry_after_s)


def _parsed(body: bytes) -> Document:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        raise _transient("TMDb answered with something that is no JSON object")
    return document  # pyright: ignore[reportUnknownVariableType] # JSON: read by the mapping, member by member


def _transient(
    message: str, kind: FailureType = FailureType.UNKNOWN_ERROR, *, retry_after_s: float | None = None
) -> Transient:
    return Transient(failure(kind, message), retry_after_s=retry_after_s)
