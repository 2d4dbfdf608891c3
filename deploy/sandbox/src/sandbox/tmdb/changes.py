"""The feeds of what contributors changed (https://developer.themoviedb.org/docs/tracking-content-changes).

A film is changed when it is edited, and then has another runtime; a show also on the day after an episode of it; an entry
whose facts the control API changed is in the feed of today. As facts stand still until a day is set, so do the edits.
"""

import datetime as dt
from typing import Any

from starlette.requests import Request

from sandbox.airings import airings
from sandbox.day import EPOCH
from sandbox.moving import edited
from sandbox.tmdb.answer import TmdbError, View, paged
from sandbox.tmdb.mapping import Mapping

PAGE_SIZE = 100
MAX_DAYS = 14
_ONE_DAY = dt.timedelta(1)


def changes(kind: str) -> View:
    """The feed of one kind: from `start_date` to `end_date`, both within, by default the last 24 hours.

    TmdbError 5 when one is not a date, 20 when they are more than 14 days apart.
    """

    def view(request: Request, map_: Mapping) -> dict[str, Any]:
        last = _date(request, "end_date") or map_.day.today
        first = _date(request, "start_date") or last - _ONE_DAY
        if not dt.timedelta() <= last - first <= dt.timedelta(MAX_DAYS):
            raise TmdbError(20)
        ids = _edited(kind, map_, first, min(last, map_.day.facts))
        if first <= map_.day.today <= last:
            ids.update(map_.store.changed(kind))
        entries = _entries(kind, map_)
        adults = {number: bool(getattr(entries.get(number), "adult", False)) for number in ids}
        return paged(request, [{"id": number, "adult": adults[number]} for number in sorted(ids)], PAGE_SIZE)

    return view


def _entries(kind: str, map_: Mapping) -> dict[int, Any]:
    return {"movie": map_.store.movies, "tv": map_.store.shows, "person": map_.store.people}[kind]


def _edited(kind: str, map_: Mapping, first: dt.date, last: dt.date) -> set[int]:
    days = [first + dt.timedelta(after) for after in range((last - first).days + 1)]
    found = {number for number, entry in _entries(kind, map_).items() if any(edited(entry, day) for day in days)}
    if kind == "tv" and last > EPOCH:
        shown = airings(map_.store.shows.values(), first - _ONE_DAY, last - _ONE_DAY)
        found.update(one.show.id for one in shown if one.season > 0)
    return found


def _date(request: Request, name: str) -> dt.date | None:
    text = request.query_params.get(name)
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError as error:
        raise TmdbError(5) from error
