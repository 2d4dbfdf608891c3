"""When episodes are on the air: the plan of a year for every series that goes on, from the show and the year alone.

The plans are invented, as nobody knows the future; they begin with 2026. A scripted series has one season a year of 8 to 21
weekly episodes, an unscripted show one that lasts all year, and a few have a special in December, in season 0.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.day import EPOCH
from sandbox.moving import chance
from sandbox.tmdb.entries import UNSCRIPTED, Show

RETURNING = "Returning Series"
_HOURS = (0, 1, 2, 18, 20)
_SPECIALS = 0.2


@dataclass(frozen=True, slots=True)
class Airing:
    """An episode and the moment it is first on the air, in UTC."""

    show: Show
    season: int
    number: int
    title: str
    at: dt.datetime

    @property
    def id(self) -> int:
        """A number that no other episode has."""
        return int(chance("episode", self.show.id, self.season, self.number) * 2**31)


def airings(shows: Iterable[Show], first: dt.date, last: dt.date) -> list[Airing]:
    """Every episode from `first` to `last`, in the order they are on the air."""
    years = range(max(EPOCH.year, first.year), last.year + 1)
    found = [one for show in shows for year in years for one in _plan(show, year) if first <= one.at.date() <= last]
    return sorted(found, key=lambda one: (one.at, one.show.id, one.number))


def last_before(show: Show, day: dt.date) -> Airing | None:
    """The newest episode before `day`; null for a show that had none since 2026."""
    before = airings([show], day - dt.timedelta(400), day - dt.timedelta(1))
    return before[-1] if before else None


def next_from(show: Show, day: dt.date) -> Airing | None:
    """The episode on `day` or the next one after it, within 400 days."""
    coming = airings([show], day, day + dt.timedelta(400))
    return coming[0] if coming else None


def count_before(show: Show, day: dt.date) -> int:
    """How many episodes of the plans were on the air before `day`, specials apart."""
    return sum(one.season > 0 for one in airings([show], EPOCH, day - dt.timedelta(1)))


def _plan(show: Show, year: int) -> list[Airing]:
    if show.status != RETURNING:
        return []
    unscripted = show.type in UNSCRIPTED
    week = 0 if unscripted else int(40 * chance("week", show.id, year))
    episodes = 52 if unscripted else 8 + int(14 * chance("episodes", show.id, year))
    start = dt.date(year, 1, 1) + dt.timedelta(7 * week + int(7 * chance("weekday", show.id)))
    season = show.number_of_seasons + 1 + year - EPOCH.year
    plan = [
        Airing(show, season, index + 1, f"Episode {index + 1}", _moment(show, start + dt.timedelta(7 * index)))
        for index in range(episodes)
    ]
    if chance("special", show.id) < _SPECIALS:
        number = 1 + year - EPOCH.year
        plan.append(Airing(show, 0, number, f"Special {year}", _moment(show, dt.date(year, 12, 24))))
    return plan


def _moment(show: Show, day: dt.date) -> dt.datetime:
    hour = _HOURS[int(len(_HOURS) * chance("hour", show.id))]
    return dt.datetime.combine(day, dt.time(hour), dt.UTC)
