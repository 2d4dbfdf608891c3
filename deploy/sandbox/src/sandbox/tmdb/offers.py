"""Where a title can be watched, who may watch it, and its trailers: invented for each title, in the forms of TMDb.

The services and their ids are real (`/watch/providers/movie` lists them; TMDb has them from JustWatch), the offers are not.
"""

import datetime as dt
from typing import Any

from sandbox.moving import Title, chance, kind_of
from sandbox.tmdb.entries import Movie, Show

REGIONS = ("DE", "ES", "FR", "GB", "PL", "UA", "US")
_SUBSCRIPTIONS = {
    "DE": ((8, "Netflix"), (9, "Amazon Prime Video"), (337, "Disney Plus"), (350, "Apple TV Plus")),
    "ES": ((8, "Netflix"), (119, "Amazon Prime Video"), (337, "Disney Plus"), (1899, "HBO Max")),
    "FR": ((8, "Netflix"), (119, "Amazon Prime Video"), (337, "Disney Plus"), (350, "Apple TV Plus")),
    "GB": ((8, "Netflix"), (9, "Amazon Prime Video"), (337, "Disney Plus"), (350, "Apple TV Plus")),
    "PL": ((8, "Netflix"), (119, "Amazon Prime Video"), (337, "Disney Plus"), (1899, "HBO Max")),
    "UA": ((8, "Netflix"), (119, "Amazon Prime Video"), (350, "Apple TV Plus")),
    "US": ((8, "Netflix"), (15, "Hulu"), (337, "Disney Plus"), (1899, "HBO Max"), (350, "Apple TV Plus")),
}
_FREE = ((538, "Plex"),)
_ADS = ((73, "Tubi TV"), (300, "Pluto TV"))
_STORES = ((2, "Apple TV"), (3, "Google Play Movies"))
_SERVICE_CHANCE = {"flatrate": 0.35, "free": 0.1, "ads": 0.15, "rent": 0.5, "buy": 0.6}
_CERTIFICATIONS = {
    "movie": {
        "DE": ("0", "6", "12", "16", "18"), "ES": ("A", "7", "12", "16", "18"), "FR": ("TP", "10", "12", "16", "18"),
        "GB": ("U", "PG", "12A", "15", "18"), "PL": ("0", "7", "12", "16", "18"), "US": ("G", "PG", "PG-13", "R", "R"),
    },
    "tv": {
        "DE": ("0", "6", "12", "16", "18"), "ES": ("TP", "7", "12", "16", "18"), "FR": ("TP", "10", "12", "16", "18"),
        "GB": ("U", "PG", "12", "15", "18"), "PL": ("0", "7", "12", "16", "18"),
        "US": ("TV-G", "TV-PG", "TV-14", "TV-MA", "TV-MA"),
    },
}  # fmt: skip
_HARSH = frozenset({"Horror", "Crime", "Thriller", "War", "War & Politics"})
_MILD = frozenset({"Family", "Kids", "Animation"})
_KEY_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_VIDEOS = (
    ("Official Trailer", "Trailer", True),
    ("Teaser", "Teaser", True),
    ("Behind the Scenes", "Featurette", False),
)


def watch_providers(title: Title, day: dt.date) -> dict[str, Any]:
    """By region and category; a title moves between the services every quarter. Some titles are nowhere in a region."""
    at = (kind_of(title), title.id)
    quarter = day.year * 4 + (day.month - 1) // 3
    results: dict[str, Any] = {}
    for region in REGIONS:
        services = {"flatrate": _SUBSCRIPTIONS[region], "free": _FREE, "ads": _ADS, "rent": _STORES, "buy": _STORES}
        offers = {
            category: found
            for category, known in services.items()
            if (found := _offers(known, _SERVICE_CHANCE[category], (*at, region, category, quarter)))
        }
        if offers:
            link = f"https://www.themoviedb.org/{at[0]}/{title.id}/watch?locale={region}"
            results[region] = {"link": link, **offers}
    return {"results": results}


def certification(title: Title, region: str) -> str:
    """The age a title is for in a region, "" where nobody rated it; harder genres are for older people."""
    genres = set(title.genres)
    step = 2 - 2 * bool(genres & _MILD) + bool(genres & _HARSH) + int(2 * chance("age", kind_of(title), title.id))
    known = _CERTIFICATIONS[kind_of(title)].get(region)
    return known[min(step, 4)] if known else ""


def content_ratings(show: Show) -> dict[str, Any]:
    """Of every region that rates shows."""
    return {
        "results": [
            {"descriptors": [], "iso_3166_1": region, "rating": certification(show, region)}
            for region in _CERTIFICATIONS["tv"]
        ]
    }


def release_dates(movie: Movie) -> dict[str, Any]:
    """Of the countries that made the film, and of the regions that rate films."""
    date = f"{movie.release_date}T00:00:00.000Z"
    countries = dict.fromkeys((*movie.countries, *_CERTIFICATIONS["movie"]))
    return {
        "results": [
            {
                "iso_3166_1": country,
                "release_dates": [
                    {
                        "certification": certification(movie, country),
                        "descriptors": [],
                        "iso_639_1": "",
                        "note": "",
                        "release_date": date,
                        "type": 3,
                    }
                ],
            }
            for country in countries
        ]
    }


def videos(title: Title, language: str) -> dict[str, Any]:
    """A trailer of every title, and a teaser and a featurette of many. The keys are invented: YouTube plays nothing there."""
    at = (kind_of(title), title.id)
    date = title.date or "2000-01-01"
    return {
        "results": [
            {
                "iso_639_1": language.partition("-")[0],
                "iso_3166_1": language.partition("-")[2] or "US",
                "name": name,
                "key": "".join(_KEY_SIGNS[int(64 * chance("key", *at, name, sign))] for sign in range(11)),
                "site": "YouTube",
                "size": 1080,
                "type": kind,
                "official": official,
                "published_at": f"{date}T16:00:00.000Z",
                "id": "".join(f"{int(256 * chance('video', *at, name, byte)):02x}" for byte in range(12)),
            }
            for name, kind, official in _VIDEOS
            if kind == "Trailer" or chance("has", *at, name) < 0.6
        ]
    }


def _offers(services: tuple[tuple[int, str], ...], likely: float, at: tuple[str | int, ...]) -> list[dict[str, Any]]:
    return [
        {"logo_path": None, "provider_id": number, "provider_name": name, "display_priority": place}
        for place, (number, name) in enumerate(services)
        if chance("offer", *at, number) < likely
    ]
