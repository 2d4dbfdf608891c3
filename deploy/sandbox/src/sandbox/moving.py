"""What moves from day to day: watchers, ratings, the numbers of TMDb. Each is a function of a title and a date."""

import datetime as dt
import hashlib
import math
from dataclasses import dataclass
from functools import lru_cache

from sandbox.day import EPOCH
from sandbox.tmdb.entries import UNSCRIPTED, Movie, Person, Show

Title = Movie | Show
PERIODS = {"daily": 1, "weekly": 7, "monthly": 30, "yearly": 365}
"""Trakt's periods in days."""
VANISHING = frozenset({("movie", 426063), ("tv", 63351)})
"""Titles that TMDb loses on the 25th of each month and finds again on the 1st, while others go on to name them."""
_VANISHES_ON = 25
_UNSCRIPTED_SHARE = 0.5
_SPREAD = 1.6


@dataclass(frozen=True, slots=True)
class Ratings:
    """Votes of 1 to 10 and their mean, 0 without votes."""

    rating: float
    votes: int
    distribution: dict[str, int]


@lru_cache(maxsize=65536)
def chance(*parts: str | int) -> float:
    """A number from 0 to below 1 that depends on `parts` alone."""
    digest = hashlib.sha256(":".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:6]) / 2**48


def kind_of(entry: Title | Person) -> str:
    """What TMDb calls its kind."""
    if isinstance(entry, Movie):
        return "movie"
    return "tv" if isinstance(entry, Show) else "person"


def watchers(title: Title, day: dt.date) -> int:
    """How many watch the title; it stands still for one to three days and has better and worse fortnights."""
    at = (kind_of(title), title.id)
    # each title counts from a day of its own, or all would change on the same days
    ordinal = day.toordinal() + int(14 * chance("since", *at))
    beat = 1 + int(3 * chance("beat", *at))
    wave = (0.7 + 0.6 * chance("watchers", *at, ordinal // beat)) * (0.5 + chance("tide", *at, ordinal // 14))
    share = _UNSCRIPTED_SHARE if isinstance(title, Show) and title.type in UNSCRIPTED else 1.0
    return max(1, round(title.popularity * share * wave * 6))


def watched(title: Title, day: dt.date, days: int) -> int:
    """How many different people watched the title in the `days` that end with `day`."""
    step = max(1, days // 10)
    samples = [watchers(title, day - dt.timedelta(back)) for back in range(0, days, step)]
    return round(sum(samples) / len(samples) * 40 * days**0.8)


def audience(title: Title, day: dt.date) -> int:
    """How many ever watched the title; it only grows."""
    return title.vote_count * 12 + round(title.popularity * 25 * _age(day))


def rated(title: Title, day: dt.date) -> Ratings:
    """What the audience of Trakt thinks of the title; votes only come in."""
    at = (kind_of(title), title.id)
    votes = round(title.vote_count * (0.3 + 0.4 * chance("votes", *at)) + title.popularity * 0.05 * _age(day))
    mean = min(10.0, max(1.0, title.vote_average - 0.4 + 0.8 * chance("taste", *at)))
    weights = {bucket: math.exp(-(((bucket - mean) / _SPREAD) ** 2) / 2) for bucket in range(1, 11)}
    total = sum(weights.values())
    counts = {bucket: math.floor(votes * weight / total) for bucket, weight in weights.items()}
    counts[round(mean)] += votes - sum(counts.values())
    rating = sum(bucket * count for bucket, count in counts.items()) / votes if votes else 0.0
    return Ratings(round(rating, 5), votes, {str(bucket): count for bucket, count in counts.items()})


def popularity(popular: float, kind: str, entry_id: int, day: dt.date) -> float:
    """TMDb's popularity; as packaged on the first day."""
    if day == EPOCH:
        return popular
    return round(popular * (0.85 + 0.3 * chance("popularity", kind, entry_id, day.toordinal())), 3)


def vote_count(title: Title, day: dt.date) -> int:
    """The votes at TMDb; as packaged on the first day, and more on each later one."""
    return title.vote_count + round(title.popularity * 0.1 * _age(day))


def vote_average(title: Title, day: dt.date) -> float:
    """The mean vote at TMDb; it changes by a tenth now and then."""
    if day == EPOCH:
        return title.vote_average
    drift = round(0.2 * chance("average", kind_of(title), title.id, day.toordinal() // 20) - 0.1, 1)
    return round(min(10.0, max(0.0, title.vote_average + drift)), 3)


def edition(entry: Title | Person, day: dt.date) -> int:
    """How often contributors of TMDb edited the entry since the first day: every 10 to 49 days."""
    every = 10 + int(40 * chance("every", kind_of(entry), entry.id))
    phase = int(every * chance("phase", kind_of(entry), entry.id))
    return (_age(day) + phase) // every


def edited(entry: Title | Person, day: dt.date) -> bool:
    """Whether contributors of TMDb edited the entry on `day`."""
    return day > EPOCH and edition(entry, day) != edition(entry, day - dt.timedelta(1))


def runtime(movie: Movie, day: dt.date) -> int | None:
    """The minutes of a film, over one of which contributors of TMDb cannot agree."""
    first = edition(movie, EPOCH)
    return None if movie.runtime is None else movie.runtime + (edition(movie, day) - first) % 2


def vanished(entry: Title | Person, day: dt.date) -> bool:
    """Whether TMDb does not know the entry on `day`."""
    return (kind_of(entry), entry.id) in VANISHING and day.day >= _VANISHES_ON


def _age(day: dt.date) -> int:
    return max(0, (day - EPOCH).days)
