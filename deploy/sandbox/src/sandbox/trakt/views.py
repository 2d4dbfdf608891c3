"""What Trakt answers under each path, without HTTP."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from sandbox import moving
from sandbox.airings import airings
from sandbox.day import Day
from sandbox.moving import Title
from sandbox.tmdb.entries import Movie
from sandbox.tmdb.related import recommendations
from sandbox.tmdb.store import Store
from sandbox.trakt import items

DEFAULT_LIMIT = 10
MAX_LIMIT = 1000
CALENDAR_DAYS = 7
MAX_CALENDAR_DAYS = 33


class TraktError(Exception):
    """An answer of Trakt that is no success."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class Answer:
    """A body and the headers that go with it."""

    body: Any
    headers: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Library:
    """What a view answers from."""

    store: Store
    day: Day

    def titles(self, kind: str) -> list[Title]:
        """Every title of a kind."""
        return list(self.store.movies.values() if kind == "movie" else self.store.shows.values())

    def item(self, title: Title, request: Request) -> dict[str, Any]:
        """A title as `request` wants it."""
        full = "full" in request.query_params.get("extended", "").split(",")
        return items.item(title, self.store, self.day.today, full=full)

    def one(self, kind: str, request: Request) -> Title:
        """The title of the path; TraktError 404 when there is none."""
        found = items.find(self.store, kind, request.path_params["id"])
        if found is None:
            raise TraktError(404)
        return found


View = Callable[[Request, Library], Answer]


def _paged(request: Request, entries: list[dict[str, Any]]) -> Answer:
    limit = min(_whole(request, "limit", DEFAULT_LIMIT), MAX_LIMIT)
    page = _whole(request, "page", 1)
    start = (page - 1) * limit
    headers = {
        "x-pagination-page": str(page),
        "x-pagination-limit": str(limit),
        "x-pagination-page-count": str(-(-len(entries) // limit)),
        "x-pagination-item-count": str(len(entries)),
    }
    return Answer(entries[start : start + limit], headers)


def _whole(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, "")
    return max(1, int(text)) if text.isdecimal() and len(text) < 10 else default


def _named(kind: str) -> str:
    return "movie" if kind == "movie" else "show"


def _trending(kind: str) -> View:
    """All that is watched now, most watched first."""

    def view(request: Request, library: Library) -> Answer:
        scored = [(moving.watchers(title, library.day.today), title) for title in library.titles(kind)]
        scored.sort(key=lambda pair: (-pair[0], pair[1].id))
        entries = [{"watchers": count, _named(kind): library.item(title, request)} for count, title in scored]
        answer = _paged(request, entries)
        return Answer(answer.body, {**answer.headers, "x-trending-user-count": str(sum(count for count, _ in scored))})

    return view


def _watched(kind: str) -> View:
    """Of the period that ends with today; without one, of the week."""

    def view(request: Request, library: Library) -> Answer:
        period = request.path_params.get("period", "weekly")
        if period not in {*moving.PERIODS, "all"}:
            raise TraktError(404)
        today = library.day.today
        scored = [(_watcher_count(title, today, period), title) for title in library.titles(kind)]
        scored.sort(key=lambda pair: (-pair[0], pair[1].id))
        return _paged(
            request,
            [
                {
                    "watcher_count": count,
                    "play_count": count if kind == "movie" else count * 4,
                    "collected_count": count // 5,
                    **({} if kind == "movie" else {"collector_count": count // 20}),
                    _named(kind): library.item(title, request),
                }
                for count, title in scored
            ],
        )

    return view


def _watcher_count(title: Title, today: dt.date, period: str) -> int:
    return moving.audience(title, today) if period == "all" else moving.watched(title, today, moving.PERIODS[period])


def _summary(kind: str) -> View:
    return lambda request, library: Answer(library.item(library.one(kind, request), request))


def _ratings(kind: str) -> View:
    def view(request: Request, library: Library) -> Answer:
        found = moving.rated(library.one(kind, request), library.day.today)
        return Answer({"rating": found.rating, "votes": found.votes, "distribution": found.distribution})

    return view


def _stats(kind: str) -> View:
    def view(request: Request, library: Library) -> Answer:
        title = library.one(kind, request)
        seen = moving.audience(title, library.day.today)
        episodes = 1 if isinstance(title, Movie) else max(1, title.number_of_episodes)
        stats = {
            "watchers": seen,
            "plays": seen * max(1, episodes // 2),
            "collectors": seen // 3,
            **({} if isinstance(title, Movie) else {"collected_episodes": seen // 3 * episodes}),
            "comments": seen // 2000,
            "lists": seen // 20,
            "votes": moving.rated(title, library.day.today).votes,
            "favorited": seen // 300,
        }
        return Answer(stats)

    return view


def _related(kind: str) -> View:
    """Bare titles, in no wrapper, unlike the other lists."""

    def view(request: Request, library: Library) -> Answer:
        related = recommendations(library.store, library.one(kind, request))
        return _paged(request, [library.item(title, request) for title in related])

    return view


def _calendar(request: Request, library: Library) -> Answer:
    """Every episode from the start date for so many days, by default the week from today."""
    try:
        start = dt.date.fromisoformat(request.path_params.get("start") or library.day.today.isoformat())
    except ValueError as error:
        raise TraktError(404) from error
    days = min(max(1, request.path_params.get("days", CALENDAR_DAYS)), MAX_CALENDAR_DAYS)
    last = start + dt.timedelta(days - 1)
    entries = [
        {
            "first_aired": items.moment(one.at),
            "episode": items.episode(one),
            "show": library.item(one.show, request),
        }
        for one in airings(library.store.shows.values(), start, last)
    ]
    return Answer(entries, {"x-start-date": start.isoformat(), "x-end-date": last.isoformat()})


def _of(kind: str) -> dict[str, View]:
    base = f"/{_named(kind)}s"
    return {
        f"{base}/trending": _trending(kind),
        f"{base}/watched": _watched(kind),
        f"{base}/watched/{{period}}": _watched(kind),
        f"{base}/{{id}}": _summary(kind),
        f"{base}/{{id}}/ratings": _ratings(kind),
        f"{base}/{{id}}/stats": _stats(kind),
        f"{base}/{{id}}/related": _related(kind),
    }


VIEWS: dict[str, View] = {
    **_of("movie"),
    **_of("tv"),
    "/calendars/all/shows": _calendar,
    "/calendars/all/shows/{start}": _calendar,
    "/calendars/all/shows/{start}/{days:int}": _calendar,
}
