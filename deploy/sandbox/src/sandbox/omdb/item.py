"""The sample facts in OMDb's form: texts throughout, what is not known is `N/A`."""

import datetime as dt
from typing import Any

from sandbox.airings import RETURNING
from sandbox.day import EPOCH
from sandbox.moving import Title, chance, kind_of
from sandbox.tmdb.entries import Movie, Show
from sandbox.tmdb.offers import certification
from sandbox.tmdb.places import country, language

NOT_KNOWN = "N/A"
_REVIEWED = 0.85
_MEASURED = 0.8


def item(title: Title, day: dt.date) -> dict[str, Any]:
    """A film or a series with its ratings of `day`: IMDb's of every title with votes, the others' of most.

    IMDb's votes grow daily, a rating changes by a tenth at most in a month; critics do not change their minds.
    """
    rating, votes = _imdb(title, day)
    tomatoes = _critics(title, "tomatoes", _REVIEWED)
    metascore = _critics(title, "metascore", _MEASURED)
    given = {"Internet Movie Database": rating and f"{rating}/10", "Rotten Tomatoes": tomatoes and f"{tomatoes}%"}
    given["Metacritic"] = metascore and f"{metascore}/100"
    rows = [{"Source": source, "Value": value} for source, value in given.items() if value]
    body: dict[str, Any] = {
        "Title": title.names[0],
        "Year": _years(title),
        "Rated": certification(title, "US") or NOT_KNOWN,
        "Released": _released(title),
        "Runtime": f"{title.runtime} min" if isinstance(title, Movie) and title.runtime else NOT_KNOWN,
        "Genre": ", ".join(title.genres) or NOT_KNOWN,
        "Director": (", ".join(title.directors) if isinstance(title, Movie) else "") or NOT_KNOWN,
        "Writer": ", ".join(title.writers if isinstance(title, Movie) else title.created_by) or NOT_KNOWN,
        "Actors": ", ".join(part.key for part in title.cast[:4]) or NOT_KNOWN,
        "Plot": title.overview or NOT_KNOWN,
        "Language": language(title.original_language)["english_name"],
        "Country": ", ".join(country(code)["name"] for code in title.countries) or NOT_KNOWN,
        "Awards": NOT_KNOWN,
        "Poster": NOT_KNOWN,
        "Ratings": rows,
        "Metascore": metascore or NOT_KNOWN,
        "imdbRating": rating or NOT_KNOWN,
        "imdbVotes": f"{votes:,}" if rating else NOT_KNOWN,
        "imdbID": title.imdb_id,
        "Type": "movie" if isinstance(title, Movie) else "series",
    }
    if isinstance(title, Show):
        return body | {"totalSeasons": str(title.number_of_seasons), "Response": "True"}
    film = {"DVD": NOT_KNOWN, "BoxOffice": NOT_KNOWN, "Production": NOT_KNOWN, "Website": NOT_KNOWN}
    return body | film | {"Response": "True"}


def _imdb(title: Title, day: dt.date) -> tuple[str, int]:
    at = (kind_of(title), title.id)
    if not title.vote_count:
        return "", 0
    votes = title.vote_count * 30 + round(title.popularity * max(0, (day - EPOCH).days))
    taste = 0.6 * chance("imdb", *at) - 0.3 + 0.1 * chance("imdb", *at, day.year * 12 + day.month)
    return f"{min(10.0, max(1.0, title.vote_average + taste)):.1f}", votes


def _critics(title: Title, who: str, likely: float) -> str:
    at = (who, kind_of(title), title.id)
    if chance("reviewed", *at) >= likely:
        return ""
    return str(min(100, max(1, round(title.vote_average * 10 - 10 + 25 * chance(*at)))))


def _years(title: Title) -> str:
    first = title.date[:4] or NOT_KNOWN
    if isinstance(title, Movie):
        return first
    last = (title.last_air_date or "")[:4] if title.status != RETURNING else ""
    return first if last == first else f"{first}\N{EN DASH}{last}"


def _released(title: Title) -> str:
    return dt.date.fromisoformat(title.date).strftime("%d %b %Y") if title.date else NOT_KNOWN
