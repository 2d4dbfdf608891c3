"""The parts that TMDb serves on their own or under `append_to_response`. There are no pictures."""

from collections.abc import Callable
from typing import Any

from sandbox.tmdb.entries import Movie, Person, Show
from sandbox.tmdb.mapping import Mapping, credit_id
from sandbox.tmdb.offers import content_ratings, release_dates, videos, watch_providers
from sandbox.tmdb.places import language
from sandbox.tmdb.store import Work


def _credits(map_: Mapping, title: Movie | Show) -> dict[str, Any]:
    cast: list[dict[str, Any]] = []
    for order, part in enumerate(title.cast):
        person = map_.credited(part.key, Work(title, "Acting", "Actor"))
        extra = {"cast_id": order + 1} if isinstance(title, Movie) else {}
        cast.append({**person, **extra, "character": part.character, "order": order})
    crew = [{**map_.credited(key, work), "department": work.department, "job": work.job} for key, work in _crew(title)]
    return {"cast": cast, "crew": crew}


def _aggregate(map_: Mapping, show: Show) -> dict[str, Any]:
    episodes = show.number_of_episodes
    cast: list[dict[str, Any]] = []
    for order, part in enumerate(show.cast):
        person = map_.credited(part.key, Work(show, "Acting", "Actor"))
        role = {"credit_id": person.pop("credit_id"), "character": part.character, "episode_count": episodes}
        cast.append({**person, "roles": [role], "total_episode_count": episodes, "order": order})
    crew: list[dict[str, Any]] = []
    for key, work in _crew(show):
        person = map_.credited(key, work)
        job = {"credit_id": person.pop("credit_id"), "job": work.job, "episode_count": episodes}
        crew.append({**person, "jobs": [job], "department": work.department, "total_episode_count": episodes})
    return {"cast": cast, "crew": crew}


def _crew(title: Movie | Show) -> list[tuple[str, Work]]:
    if isinstance(title, Show):
        return [(key, Work(title, "Production", "Executive Producer")) for key in title.executive_producers]
    return [
        *((key, Work(title, "Directing", "Director")) for key in title.directors),
        *((key, Work(title, "Writing", "Writer")) for key in title.writers),
        *((key, Work(title, "Production", "Producer")) for key in title.producers),
    ]


def _works(map_: Mapping, person: Person, kinds: tuple[type, ...], *, tagged: bool) -> dict[str, Any]:
    cast: list[dict[str, Any]] = []
    crew: list[dict[str, Any]] = []
    for work in map_.store.works_of(person.id):
        if not isinstance(work.title, kinds):
            continue
        item = map_.title_item(work.title)
        if not tagged:
            del item["media_type"]
        item["credit_id"] = credit_id(person.key, work.title, work.job)
        if isinstance(work.title, Show):
            item["episode_count"] = work.title.number_of_episodes
        if work.department == "Acting":
            order = {"order": work.order} if isinstance(work.title, Movie) else {}
            cast.append({**item, "character": work.character, **order})
        else:
            crew.append({**item, "department": work.department, "job": work.job})
    return {"cast": cast, "crew": crew}


def _external_ids(imdb_id: str | None) -> dict[str, Any]:
    return {"imdb_id": imdb_id, "wikidata_id": None, "facebook_id": None, "instagram_id": None, "twitter_id": None}


def _alternatives(titles: dict[str, str]) -> list[dict[str, str]]:
    return [{"iso_3166_1": locale.split("-")[-1], "title": text, "type": ""} for locale, text in titles.items()]


def _translations(member: str, title: str, titles: dict[str, str], overview: str) -> dict[str, Any]:
    others = [
        _translation(locale, {member: text, "overview": "", "tagline": "", "homepage": ""})
        for locale, text in titles.items()
    ]
    english = _translation("en-US", {member: title, "overview": overview, "tagline": "", "homepage": ""})
    return {"translations": [english, *others]}


def _translation(locale: str, data: dict[str, str]) -> dict[str, Any]:
    code, _, country = locale.partition("-")
    return {"iso_3166_1": country, **language(code), "data": data}


MOVIE_PARTS: dict[str, Callable[[Mapping, Movie], dict[str, Any]]] = {
    "credits": _credits,
    "external_ids": lambda _map, movie: _external_ids(movie.imdb_id),
    "videos": lambda map_, title: videos(title, map_.language),
    "keywords": lambda _map, _entry: {"keywords": []},
    "alternative_titles": lambda _map, movie: {"titles": _alternatives(movie.titles)},
    "translations": lambda _map, movie: _translations("title", movie.title, movie.titles, movie.overview),
    "watch/providers": lambda map_, title: watch_providers(title, map_.day.facts),
    "images": lambda _map, _entry: {"backdrops": [], "logos": [], "posters": []},
    "release_dates": lambda _map, movie: release_dates(movie),
}

SHOW_PARTS: dict[str, Callable[[Mapping, Show], dict[str, Any]]] = {
    "credits": _credits,
    "aggregate_credits": _aggregate,
    "external_ids": lambda _map, show: _external_ids(show.imdb_id) | {"tvdb_id": None},
    "videos": lambda map_, title: videos(title, map_.language),
    "keywords": lambda _map, _entry: {"results": []},
    "alternative_titles": lambda _map, show: {"results": _alternatives(show.titles)},
    "translations": lambda _map, show: _translations("name", show.name, show.titles, show.overview),
    "watch/providers": lambda map_, title: watch_providers(title, map_.day.facts),
    "images": lambda _map, _entry: {"backdrops": [], "logos": [], "posters": []},
    "content_ratings": lambda _map, show: content_ratings(show),
}

PERSON_PARTS: dict[str, Callable[[Mapping, Person], dict[str, Any]]] = {
    "combined_credits": lambda map_, person: _works(map_, person, (Movie, Show), tagged=True),
    "movie_credits": lambda map_, person: _works(map_, person, (Movie,), tagged=False),
    "tv_credits": lambda map_, person: _works(map_, person, (Show,), tagged=False),
    "images": lambda _map, _entry: {"profiles": []},
    "external_ids": lambda _map, _entry: _external_ids(None) | {"tiktok_id": None, "youtube_id": None},
    "translations": lambda _map, person: {"translations": [_translation("en-US", {"biography": person.biography})]},
}
