"""TMDb's v3 API (https://developer.themoviedb.org/reference) as documents or errors of `shared.errors`."""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from shared.clock import Clock, SystemClock
from shared.entities import EntityKind
from shared.errors import Unavailable
from shared.http import Params
from shared.provider import Provider
from shared.rate_limit import CallLimit

Document = Mapping[str, Any]
Source = Literal["imdb_id", "tvdb_id", "wikidata_id"]

MISSING_S = 60.0
"""How long an id that TMDb does not have is remembered as missing."""
_MAX_MISSING = 1024
_MAX_BYTES = 4 * 1024 * 1024  # a prolific person's details with all credits take about 1.5 MB
_LANGUAGE = "en-US"
_TYPES: Mapping[EntityKind, str] = MappingProxyType(
    {EntityKind.MOVIE: "movie", EntityKind.PERSON: "person", EntityKind.TV_SERIES: "tv", EntityKind.TV_SHOW: "tv"}
)
_PARTS: Mapping[str, str] = MappingProxyType(
    {"movie": "credits,recommendations", "tv": "aggregate_credits,recommendations", "person": "combined_credits"}
)
# at most 20 parts in one call (https://developer.themoviedb.org/docs/append-to-response)
_EXTRAS: Mapping[str, str] = MappingProxyType(
    {
        "movie": ",videos,watch/providers,release_dates,keywords,alternative_titles",
        "tv": ",videos,watch/providers,content_ratings,keywords,alternative_titles",
        "person": "",
    }
)
_VIDEO_LANGUAGES = "en,pl,de,fr,es,null"  # of the locales; `language` alone would leave the others out
_YEAR_FILTER: Mapping[str, str] = MappingProxyType({"movie": "primary_release_year", "tv": "first_air_date_year"})


class TmdbClient:
    """GETs that end within `deadline_s` seconds, retry of a broken connection and wait for a free slot included.

    Raises `Transient` with `RATE_LIMITED` (uncounted, TMDb's own delay) for 429, with `TIMEOUT` after the deadline and
    with `UNKNOWN_ERROR` for 5xx, broken connections and answers that are oversized or no JSON object;
    `Unavailable("tmdb")` for a refused key; `Permanent` for a request that TMDb calls wrong. No message, cause or log
    line holds the key. All who share `limit` keep to it, and to TMDb's delays, together. An id that TMDb does not have is
    not asked for again for a minute.
    """

    def __init__(
        self,
        base_url: str,
        api_key: SecretStr,
        *,
        http: httpx.AsyncClient,
        deadline_s: float = 3.0,
        concurrency: int = 8,
        limit: CallLimit | None = None,
        clock: Clock | None = None,
    ) -> None:
        key = api_key.get_secret_value()
        bearer = key.startswith("eyJ")  # a v4 token is a JWT, a v3 key is hexadecimal
        self._base_url = base_url.rstrip("/")
        self._headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {key}"} if bearer else {})
        self._key: dict[str, str | int] = {} if bearer else {"api_key": key}
        self._provider = Provider(
            "TMDb", http, deadline_s=deadline_s, concurrency=concurrency, max_bytes=_MAX_BYTES, limit=limit
        )
        self._clock = clock or SystemClock()
        self._missing: OrderedDict[str, float] = OrderedDict()

    async def search(self, kind: EntityKind, query: str, *, year: int | None = None, page: int = 1) -> Document:
        """One page of hits; `year` filters titles and is ignored for people. Adult titles are left out."""
        type_ = _TYPES[kind]
        params: dict[str, str | int] = {"query": query, "include_adult": "false", "language": _LANGUAGE, "page": page}
        if year is not None and type_ in _YEAR_FILTER:
            params[_YEAR_FILTER[type_]] = year
        return await self.get(f"search/{type_}", params) or {}

    async def details(self, kind: EntityKind, tmdb_id: int) -> Document | None:
        """What describes one entity in one call, None when TMDb has no such id."""
        return await self._details(kind, tmdb_id, _PARTS[_TYPES[kind]])

    async def everything(self, kind: EntityKind, tmdb_id: int) -> Document | None:
        """As `details`, and in the same call what `shared.tmdb.extras` reads: videos, watch providers, ratings by age, keywords."""
        type_ = _TYPES[kind]
        videos = {"include_video_language": _VIDEO_LANGUAGES} if _EXTRAS[type_] else {}
        return await self._details(kind, tmdb_id, _PARTS[type_] + _EXTRAS[type_], videos)

    async def find(self, external_id: str, source: Source = "imdb_id") -> Document:
        """What bears the id of another site; lists per type, most of them empty."""
        return (
            await self.get(f"find/{quote(external_id, safe='')}", {"external_source": source, "language": _LANGUAGE})
            or {}
        )

    async def collection(self, tmdb_id: int) -> Document | None:
        """A series of films with its `parts`, None when TMDb has no such id."""
        return await self._known(f"collection/{tmdb_id}", {"language": _LANGUAGE})

    async def trending(self, kind: EntityKind, *, window: Literal["day", "week"] = "day", page: int = 1) -> Document:
        """One page of 20 of what is looked at most."""
        return await self.get(f"trending/{_TYPES[kind]}/{window}", {"language": _LANGUAGE, "page": page}) or {}

    async def changes(self, kind: EntityKind, first: date, last: date, *, page: int = 1) -> Document:
        """One page of the ids that were edited from `first` to `last`; the window is at most 14 days long, or TMDb refuses."""
        params = {"start_date": first.isoformat(), "end_date": last.isoformat(), "page": page}
        return await self.get(f"{_TYPES[kind]}/changes", params) or {}

    async def configuration(self) -> Document:
        """Where images are, and in what sizes."""
        return await self.get("configuration") or {}

    async def get(self, path: str, params: Params | None = None) -> Document | None:
        """The document at `path` (relative, without a leading slash), None for 404."""
        answer = await self._provider.get(f"{self._base_url}/{path}", {**(params or {}), **self._key}, self._headers)
        match answer.status:
            case 200:
                return self._provider.document(answer)
            case 404:
                return None
            case 401 | 403:
                raise Unavailable("tmdb", retry_after_s=30)
            case _:
                raise self._provider.refusal(answer)

    async def _details(
        self, kind: EntityKind, tmdb_id: int, parts: str, more: Mapping[str, str] = MappingProxyType({})
    ) -> Document | None:
        append = f"{parts},external_ids,translations"
        params = {"language": _LANGUAGE, "append_to_response": append, **more}
        return await self._known(f"{_TYPES[kind]}/{tmdb_id}", params)

    async def _known(self, path: str, params: Params) -> Document | None:
        if self._missing.get(path, 0.0) > self._clock.monotonic():
            return None
        document = await self.get(path, params)
        if document is None:
            self._missing[path] = self._clock.monotonic() + MISSING_S
            self._missing.move_to_end(path)
            if len(self._missing) > _MAX_MISSING:
                self._missing.popitem(last=False)
        return document
