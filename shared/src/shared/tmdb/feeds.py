"""TMDb's lists: what is trending, what changed, what bears another site's id, what belongs to a series of films."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from shared import reading
from shared.entities import EntityKind
from shared.jobs import FailureType
from shared.provider import report_drift, transient
from shared.reading import Json
from shared.tmdb.client import Source, TmdbClient
from shared.tmdb.mapping import MappingError, id_of

MAX_WINDOW_DAYS = 14
"""https://developer.themoviedb.org/reference/changes-movie-list: "You can query up to 14 days at a time"."""
MAX_PAGES = 500
MAX_LIST = 100
_PAGE = 20
_FOUND = {EntityKind.MOVIE: "movie_results", EntityKind.PERSON: "person_results"}


@dataclass(frozen=True, slots=True)
class Ranked:
    """A title that is trending; `rank` starts at 1."""

    tmdb_id: int
    title: str
    rank: int
    genre_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """One page of ids that changed in a window; `last` when no page follows."""

    tmdb_ids: tuple[int, ...]
    page: int
    last: bool


@dataclass(frozen=True, slots=True)
class Collection:
    """A series of films and the ids of its films, oldest first; those without a date last."""

    tmdb_id: int
    name: str
    overview: str | None
    poster_path: str | None
    backdrop_path: str | None
    parts: tuple[int, ...]


def windows(first: date, last: date) -> Iterator[tuple[date, date]]:
    """The days from `first` to `last`, both included, in windows that TMDb's feed of changes takes."""
    while first <= last:
        end = min(first + timedelta(days=MAX_WINDOW_DAYS - 1), last)
        yield first, end
        first = end + timedelta(days=1)


class TmdbFeeds:
    """Values instead of documents, with the errors of `TmdbClient`. What came in another form is counted and logged.

    A list of several pages ends within `budget_s` seconds, else it is `Transient` with `TIMEOUT`.
    """

    def __init__(self, client: TmdbClient, *, budget_s: float = 15.0) -> None:
        self._client = client
        self._budget_s = budget_s

    async def trending(
        self, kind: EntityKind, *, limit: int = MAX_LIST, window: Literal["day", "week"] = "day"
    ) -> tuple[Ranked, ...]:
        """The first `limit` titles of the list, one call for twenty; a title that moved between two pages is in it once."""
        try:
            async with asyncio.timeout(self._budget_s):
                return await self._trending(kind, limit, window)
        except TimeoutError:
            raise transient("TMDb did not give the whole list in time", FailureType.TIMEOUT) from None

    async def changes(self, kind: EntityKind, first: date, last: date, *, page: int = 1) -> Changes:
        """One page of what changed in a window of `windows`. Titles for adults are left out."""
        document = await self._client.changes(kind, first, last, page=page)
        with reading.noted(document) as drift:
            hits = reading.items(document, "results")
            ids = tuple(found for hit in hits if hit.get("adult") is not True and (found := id_of(hit)))
            pages = min(reading.integer(document, "total_pages") or 0, MAX_PAGES)
        report_drift("tmdb", drift.paths)
        return Changes(tuple(dict.fromkeys(ids)), page, last=page >= pages)

    async def find(self, kind: EntityKind, external_id: str, source: Source = "imdb_id") -> int | None:
        """The catalogue's id of what bears another site's id, None when it has none; of TV, of either kind."""
        document = await self._client.find(external_id, source)
        with reading.noted(document) as drift:
            ids = [found for hit in reading.items(document, _FOUND.get(kind, "tv_results")) if (found := id_of(hit))]
        report_drift("tmdb", drift.paths)
        return ids[0] if ids else None

    async def collection(self, tmdb_id: int) -> Collection | None:
        """A series of films, None when it is gone. Raises `MappingError` for one without id or name."""
        document = await self._client.collection(tmdb_id)
        if document is None:
            return None
        with reading.noted(document) as drift:
            found = _collection(document)
        report_drift("tmdb", drift.paths)
        return found

    async def _trending(self, kind: EntityKind, limit: int, window: Literal["day", "week"]) -> tuple[Ranked, ...]:
        found: dict[int, Ranked] = {}
        for page in range(1, -(-limit // _PAGE) + 1):
            document = await self._client.trending(kind, window=window, page=page)
            with reading.noted(document) as drift:
                for hit in reading.items(document, "results"):
                    tmdb_id, title = id_of(hit), reading.text(hit, "title", "name", "original_title", "original_name")
                    if tmdb_id and title and tmdb_id not in found:
                        genres = tuple(reading.numbers(hit, "genre_ids"))
                        found[tmdb_id] = Ranked(tmdb_id, title, len(found) + 1, genres)
                pages = reading.integer(document, "total_pages") or 0
            report_drift("tmdb", drift.paths)
            if page >= pages:
                break
        return tuple(found.values())[:limit]


def _collection(document: Json) -> Collection:
    tmdb_id, name = id_of(document), reading.text(document, "name", "original_name")
    if tmdb_id is None:
        raise MappingError("id")
    if name is None:
        raise MappingError("title")
    parts = [
        (reading.day(item, "release_date") or date.max, found)
        for item in reading.items(document, "parts")
        if (found := id_of(item))
    ]
    return Collection(
        tmdb_id=tmdb_id,
        name=name,
        overview=reading.text(document, "overview"),
        poster_path=reading.text(document, "poster_path"),
        backdrop_path=reading.text(document, "backdrop_path"),
        parts=tuple(dict.fromkeys(found for _, found in sorted(parts))),
    )
