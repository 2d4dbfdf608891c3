"""The sample facts as Trakt's standard media objects (https://trakt.docs.apiary.io/#introduction/standard-media-objects)."""

import datetime as dt
from typing import Any

from sandbox.airings import Airing, count_before, next_from
from sandbox.matching import plain
from sandbox.moving import Title, kind_of, rated
from sandbox.tmdb.entries import Movie, Show
from sandbox.tmdb.offers import certification
from sandbox.tmdb.store import Store

WITHOUT_TMDB_ID = frozenset({("movie", 1234821), ("tv", 76669), ("tv", 100000120)})
"""Titles that nobody has matched with TMDb yet: `ids.tmdb` is null."""
_STATUS = {"Returning Series": "returning series", "Canceled": "canceled", "Ended": "ended"}


def trakt_id(title: Title) -> int:
    """Trakt's number of a title: never TMDb's, so that mixing them up is noticed."""
    return title.id * 3 + 1


def slug(title: Title, store: Store) -> str:
    """Trakt's name of a title in addresses: a film's with its year, a show's only if an older one has the name."""
    name = "-".join(plain(title.names[0]).split())
    if isinstance(title, Movie):
        return f"{name}-{title.date[:4]}"
    older = any(one.date < title.date and plain(one.name) == plain(title.name) for one in store.shows.values())
    return f"{name}-{title.date[:4]}" if older else name


def find(store: Store, kind: str, wanted: str) -> Title | None:
    """The title of a kind by its Trakt id, slug or IMDb id."""
    titles: list[Title] = list(store.movies.values() if kind == "movie" else store.shows.values())
    for title in titles:
        if wanted in {str(trakt_id(title)), title.imdb_id} or slug(title, store) == wanted:
            return title
    return None


def item(title: Title, store: Store, day: dt.date, *, full: bool = False) -> dict[str, Any]:
    """A film or a show; `full` adds what `extended=full` does."""
    at = (kind_of(title), title.id)
    ids: dict[str, Any] = {"trakt": trakt_id(title), "slug": slug(title, store)}
    if isinstance(title, Show):
        ids["tvdb"] = None
    ids |= {"imdb": title.imdb_id, "tmdb": None if at in WITHOUT_TMDB_ID else title.id}
    year = int(title.date[:4]) if title.date else None
    found = {"title": title.names[0], "year": year, "ids": ids}
    return found | (_full(title, day) if full else {})


def episode(airing: Airing) -> dict[str, Any]:
    """An episode; only Trakt knows it by a number."""
    ids = {"trakt": airing.id, "tvdb": None, "imdb": None, "tmdb": None}
    return {"season": airing.season, "number": airing.number, "title": airing.title, "ids": ids}


def moment(at: dt.datetime) -> str:
    """A time as Trakt writes it: `2014-09-01T09:10:11.000Z`."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _full(title: Title, day: dt.date) -> dict[str, Any]:
    ratings = rated(title, day)
    country = title.countries[0].lower() if title.countries else None
    common: dict[str, Any] = {
        "tagline": title.tagline,
        "overview": title.overview,
        "certification": certification(title, "US"),
        "country": country,
        "trailer": None,
        "homepage": None,
        "rating": ratings.rating,
        "votes": ratings.votes,
        "comment_count": ratings.votes // 100,
        "updated_at": moment(dt.datetime.combine(day, dt.time(), dt.UTC)),
        "language": title.original_language,
        "languages": [title.original_language],
        "available_translations": sorted({"en", *(locale[:2] for locale in title.titles)}),
        "genres": ["-".join(plain(name.replace("&", " ")).split()) for name in title.genres],
        "original_title": title.names[1],
    }
    if isinstance(title, Movie):
        return common | {"released": title.date, "runtime": title.runtime, "status": "released"}
    return common | _aired(title, day)


def _aired(show: Show, day: dt.date) -> dict[str, Any]:
    coming = next_from(show, day)
    airs = {"day": None, "time": None, "timezone": "UTC"}
    if coming:
        airs |= {"day": coming.at.strftime("%A"), "time": coming.at.strftime("%H:%M")}
    return {
        "first_aired": f"{show.first_air_date}T00:00:00.000Z",
        "airs": airs,
        "runtime": None,
        "network": show.networks[0] if show.networks else None,
        "status": _STATUS.get(show.status, show.status.lower()),
        "aired_episodes": show.number_of_episodes + count_before(show, day),
    }
