"""Trakt's API v2 (https://trakt.docs.apiary.io, https://github.com/trakt/trakt-api) with an application's key and no user.

A list's item without a Trakt id or a title is left out; every other member that is absent or of another form is empty, and its path is
counted (`shared.provider.report_drift`).
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import TypeVar

import httpx
from pydantic import SecretStr

from shared import reading
from shared.errors import Unavailable
from shared.http import Answer, Params
from shared.provider import Provider, report_drift
from shared.rate_limit import CallLimit
from shared.reading import Json
from tmdb_sync.ports import Airing, Listed, MediaType, Skipped, SkipReason, Stats, Trend, Votes

A = TypeVar("A")

NO_KEY = Skipped(SkipReason.NO_KEY)
MAX_DAYS = 33
"""The longest window of a calendar."""
_MAX_BYTES = 16 * 1024 * 1024  # a month of all airings with `extended=full`: some thousands of 2 kB
_ID_LIMIT = 2**31
_ITEM: Mapping[MediaType, str] = MappingProxyType({MediaType.MOVIES: "movie", MediaType.SHOWS: "show"})


class TraktTrends:
    """Implements `Trends`. Each call ends within `deadline_s`; all who share `limit` keep to it together.

    Without a key nothing is asked.
    """

    def __init__(
        self,
        base_url: str,
        client_id: SecretStr | None,
        *,
        http: httpx.AsyncClient,
        deadline_s: float = 10.0,
        concurrency: int = 4,
        limit: CallLimit | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        headers = {"Content-Type": "application/json", "trakt-api-version": "2"}
        self._headers = headers | {"trakt-api-key": client_id.get_secret_value()} if client_id else None
        self._provider = Provider(
            "Trakt", http, deadline_s=deadline_s, concurrency=concurrency, max_bytes=_MAX_BYTES, limit=limit
        )

    async def trending(self, media: MediaType, *, limit: int = 100) -> tuple[Trend, ...] | Skipped:
        return await self._trends(f"{media}/trending", media, "watchers", limit)

    async def watched_monthly(self, media: MediaType, *, limit: int = 100) -> tuple[Trend, ...] | Skipped:
        return await self._trends(f"{media}/watched/monthly", media, "watcher_count", limit)

    async def votes(self, media: MediaType, trakt_id: int) -> Votes | Skipped | None:
        return await self._document(f"{media}/{trakt_id}/ratings", _votes)

    async def stats(self, media: MediaType, trakt_id: int) -> Stats | Skipped | None:
        return await self._document(f"{media}/{trakt_id}/stats", _stats)

    async def related(self, media: MediaType, trakt_id: int, *, limit: int = 12) -> tuple[Listed, ...] | Skipped | None:
        answer = await self._get(f"{media}/{trakt_id}/related", {"limit": limit})
        if answer is None or isinstance(answer, Skipped):
            return answer
        return self._items(answer, _listed)[:limit]

    async def airings(self, first: date, days: int) -> tuple[Airing, ...] | Skipped:
        if not 1 <= days <= MAX_DAYS:
            raise ValueError(f"a calendar has 1 to {MAX_DAYS} days")
        # the network is told only with it
        answer = await self._get(f"calendars/all/shows/{first.isoformat()}/{days}", {"extended": "full"})
        if isinstance(answer, Skipped):
            return answer
        found = () if answer is None else self._items(answer, _airing)
        return tuple(sorted(found, key=lambda one: (one.air_at, one.show.trakt_id, one.season, one.number)))

    async def _trends(self, path: str, media: MediaType, count: str, limit: int) -> tuple[Trend, ...] | Skipped:
        def trend(item: Json) -> Trend | None:
            listed, watchers = _listed(reading.member(item, _ITEM[media])), reading.integer(item, count)
            return Trend(listed, max(watchers, 0)) if listed and watchers is not None else None

        answer = await self._get(path, {"page": 1, "limit": limit})
        if answer is None or isinstance(answer, Skipped):
            return answer or ()
        return self._items(answer, trend)[:limit]

    async def _document(self, path: str, read: Callable[[Json], A | None]) -> A | Skipped | None:
        answer = await self._get(path)
        if answer is None or isinstance(answer, Skipped):
            return answer
        document = self._provider.document(answer)
        with reading.noted(document) as drift:
            found = read(document)
        report_drift("trakt", drift.paths)
        return found

    def _items(self, answer: Answer, read: Callable[[Json], A | None]) -> tuple[A, ...]:
        array = self._provider.array(answer)
        with reading.noted(array) as drift:
            found = tuple(_some(read(item) for item in reading.objects(array)))
        report_drift("trakt", drift.paths)
        return found

    async def _get(self, path: str, params: Params | None = None) -> Answer | Skipped | None:
        """None for 404 and for 204, which Trakt answers where there is nothing."""
        if not self._headers:
            return NO_KEY
        answer = await self._provider.get(f"{self._base_url}/{path}", params, self._headers)
        match answer.status:
            case 200:
                return answer
            case 204 | 404:
                return None
            case 401 | 403:
                raise Unavailable("trakt", retry_after_s=60)
            case _:
                raise self._provider.refusal(answer)


def _some(found: Iterable[A | None]) -> Iterable[A]:
    return (one for one in found if one is not None)


def _listed(item: Json) -> Listed | None:
    ids, title = reading.member(item, "ids"), reading.text(item, "title")
    trakt_id = _id(ids, "trakt")
    if trakt_id is None or title is None:
        return None
    imdb_id = reading.text(ids, "imdb")
    return Listed(
        trakt_id=trakt_id,
        slug=reading.text(ids, "slug"),
        title=title,
        year=reading.integer(item, "year"),
        imdb_id=imdb_id if imdb_id and imdb_id.startswith("tt") else None,
        tmdb_id=_id(ids, "tmdb"),
    )


def _id(ids: Json, name: str) -> int | None:
    found = reading.integer(ids, name) or 0
    return found if 0 < found < _ID_LIMIT else None


def _votes(document: Json) -> Votes | None:
    """Trakt's newer contract puts its own ratings beside those of others, in a member of their own."""
    document = reading.member(document, "trakt") or document
    average, votes = reading.real(document, "rating"), reading.integer(document, "votes") or 0
    stated = reading.member(document, "distribution")
    distribution = {value: max(reading.integer(stated, str(value)) or 0, 0) for value in range(1, 11)}
    return Votes(average, votes, MappingProxyType(distribution)) if 0 < average <= 10 and votes > 0 else None


def _stats(document: Json) -> Stats:
    def count(name: str) -> int:
        return max(reading.integer(document, name) or 0, 0)

    return Stats(
        watchers=count("watchers"),
        plays=count("plays"),
        collectors=count("collectors"),
        lists=count("lists"),
        votes=count("votes"),
        comments=count("comments"),
    )


def _airing(item: Json) -> Airing | None:
    episode, show = reading.member(item, "episode"), reading.member(item, "show")
    listed, air_at = _listed(show), reading.moment(item, "first_aired")
    season, number = reading.integer(episode, "season"), reading.integer(episode, "number")
    if listed is None or air_at is None or season is None or number is None:
        return None
    title, network = reading.text(episode, "title"), reading.text(show, "network")
    return Airing(show=listed, season=season, number=number, title=title, air_at=air_at, network=network)
