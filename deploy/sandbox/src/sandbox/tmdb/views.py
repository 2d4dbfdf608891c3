"""What TMDb answers under each path, without HTTP."""

from collections.abc import Callable, Iterable
from typing import Any

from starlette.requests import Request

from sandbox.moving import vanished, watched
from sandbox.tmdb.answer import TmdbError, View, paged
from sandbox.tmdb.appends import MOVIE_PARTS, PERSON_PARTS, SHOW_PARTS
from sandbox.tmdb.changes import changes
from sandbox.tmdb.entries import Group, Movie, Show
from sandbox.tmdb.genres import MOVIE_GENRES, TV_GENRES
from sandbox.tmdb.mapping import Mapping
from sandbox.tmdb.related import recommendations, similar
from sandbox.tmdb.search import search

MAX_APPENDS = 20
_IMAGES: dict[str, Any] = {
    "base_url": "http://image.tmdb.org/t/p/",
    "secure_base_url": "https://image.tmdb.org/t/p/",
    "backdrop_sizes": ["w300", "w780", "w1280", "original"],
    "logo_sizes": ["w45", "w92", "w154", "w185", "w300", "w500", "original"],
    "poster_sizes": ["w92", "w154", "w185", "w342", "w500", "w780", "original"],
    "profile_sizes": ["w45", "w185", "h632", "original"],
    "still_sizes": ["w92", "w185", "w300", "original"],
}


def _search_movies(request: Request, map_: Mapping) -> dict[str, Any]:
    query = request.query_params
    year = query.get("primary_release_year") or query.get("year") or ""
    adult = query.get("include_adult", "false").lower() == "true"
    movies = [m for m in map_.store.movies.values() if m.date.startswith(year) and (adult or not m.adult)]
    hits = search(query.get("query", ""), movies, {movie.id: movie.popularity for movie in movies})
    return paged(request, [map_.movie_item(movie) for _, movie in hits])


def _search_shows(request: Request, map_: Mapping) -> dict[str, Any]:
    query = request.query_params
    year = query.get("first_air_date_year") or query.get("year") or ""
    adult = query.get("include_adult", "false").lower() == "true"
    shows = [s for s in map_.store.shows.values() if s.date.startswith(year) and (adult or not s.adult)]
    hits = search(query.get("query", ""), shows, {show.id: show.popularity for show in shows})
    return paged(request, [map_.show_item(show) for _, show in hits])


def _search_people(request: Request, map_: Mapping) -> dict[str, Any]:
    people = map_.store.people.values()
    hits = search(request.query_params.get("query", ""), people, {one.id: map_.popularity(one) for one in people})
    return paged(request, [map_.person_item(person) for _, person in hits])


def _search_collections(request: Request, map_: Mapping) -> dict[str, Any]:
    groups = map_.store.collections().values()
    known = {one.id: max(movie.popularity for movie in map_.store.movies_of(one.id)) for one in groups}
    hits = search(request.query_params.get("query", ""), groups, known)
    return paged(request, [map_.collection_item(group) for _, group in hits])


def _search_multi(request: Request, map_: Mapping) -> dict[str, Any]:
    text = request.query_params.get("query", "")
    movies = {m.id: m for m in map_.store.movies.values() if not m.adult}
    shows = {s.id: s for s in map_.store.shows.values() if not s.adult}
    people = map_.store.people
    scored = [
        *((s, m.popularity, map_.title_item(m)) for s, m in search(text, movies.values(), {})),
        *((s, t.popularity, map_.title_item(t)) for s, t in search(text, shows.values(), {})),
        *(
            (s, map_.popularity(p), map_.person_item(p) | {"media_type": "person"})
            for s, p in search(text, people.values(), {})
        ),
    ]
    scored.sort(key=lambda hit: (-hit[0], -hit[1]))
    return paged(request, [item for _, _, item in scored])


def _one(entries: dict[int, Any], request: Request, map_: Mapping) -> Any:
    entry = entries.get(request.path_params["entry_id"])
    if entry is None or (not isinstance(entry, Group) and vanished(entry, map_.day.facts)):
        raise TmdbError(34)
    return entry


def _detail(kind: str) -> View:
    def view(request: Request, map_: Mapping) -> dict[str, Any]:
        entries, parts, details = _kind(kind, map_)
        entry = _one(entries, request, map_)
        wanted = [name for name in request.query_params.get("append_to_response", "").split(",") if name]
        if len(wanted) > MAX_APPENDS:
            raise TmdbError(27)
        lists = {name: _RELATED[name](request, map_, entry) for name in wanted if name in _RELATED and kind != "person"}
        return {**details(entry), **{name: parts[name](map_, entry) for name in wanted if name in parts}, **lists}

    return view


def _part(kind: str, name: str) -> View:
    def view(request: Request, map_: Mapping) -> dict[str, Any]:
        entries, parts, _ = _kind(kind, map_)
        entry = _one(entries, request, map_)
        return {"id": entry.id, **parts[name](map_, entry)}

    return view


def _recommendations(request: Request, map_: Mapping, title: Movie | Show) -> dict[str, Any]:
    return paged(request, [map_.title_item(other) for other in recommendations(map_.store, title)])


def _similar(request: Request, map_: Mapping, title: Movie | Show) -> dict[str, Any]:
    """Of films and shows only; TMDb does not say `media_type` here."""
    return paged(request, [map_.plain_item(other) for other in similar(map_.store, title)])


_RELATED = {"recommendations": _recommendations, "similar": _similar}


def _related(kind: str, name: str) -> View:
    return lambda request, map_: _RELATED[name](request, map_, _one(_kind(kind, map_)[0], request, map_))


def _kind(kind: str, map_: Mapping) -> tuple[dict[int, Any], dict[str, Any], Callable[[Any], dict[str, Any]]]:
    if kind == "movie":
        return map_.store.movies, MOVIE_PARTS, map_.movie
    if kind == "tv":
        return map_.store.shows, SHOW_PARTS, map_.show
    return map_.store.people, PERSON_PARTS, map_.person


def _find(request: Request, map_: Mapping) -> dict[str, Any]:
    by_imdb = request.query_params.get("external_source") == "imdb_id"
    wanted = request.path_params["external_id"]
    day = map_.day.facts

    def found(titles: Iterable[Movie | Show]) -> list[dict[str, Any]]:
        return [map_.title_item(one) for one in titles if by_imdb and one.imdb_id == wanted and not vanished(one, day)]

    return {
        "movie_results": found(map_.store.movies.values()),
        "person_results": [],
        "tv_results": found(map_.store.shows.values()),
        "tv_episode_results": [],
        "tv_season_results": [],
    }


def _collection(request: Request, map_: Mapping) -> dict[str, Any]:
    return map_.collection(_one(map_.store.collections(), request, map_))


def _trending(request: Request, map_: Mapping) -> dict[str, Any]:
    """By what is watched on the day, or in the week that ends with it."""
    days = {"day": 1, "week": 7}.get(request.path_params["window"])
    if days is None:
        raise TmdbError(34)
    titles: Iterable[Movie | Show] = (
        map_.store.movies.values() if "/movie/" in request.url.path else map_.store.shows.values()
    )
    known = [title for title in titles if not vanished(title, map_.day.facts)]
    best = sorted(known, key=lambda title: (-watched(title, map_.day.today, days), title.id))
    return paged(request, [map_.title_item(title) for title in best])


def _genres(ids: dict[str, int]) -> View:
    return lambda _request, _map: {"genres": [{"id": number, "name": name} for name, number in ids.items()]}


VIEWS: dict[str, View] = {
    "/search/movie": _search_movies,
    "/search/tv": _search_shows,
    "/search/person": _search_people,
    "/search/multi": _search_multi,
    "/search/collection": _search_collections,
    "/movie/changes": changes("movie"),
    "/tv/changes": changes("tv"),
    "/person/changes": changes("person"),
    "/genre/movie/list": _genres(MOVIE_GENRES),
    "/genre/tv/list": _genres(TV_GENRES),
    "/configuration": lambda _request, _map: {"images": _IMAGES, "change_keys": ["overview", "title", "cast", "crew"]},
    "/trending/movie/{window}": _trending,
    "/trending/tv/{window}": _trending,
    "/find/{external_id}": _find,
    "/collection/{entry_id:int}": _collection,
    "/movie/{entry_id:int}": _detail("movie"),
    "/tv/{entry_id:int}": _detail("tv"),
    "/person/{entry_id:int}": _detail("person"),
    **{f"/movie/{{entry_id:int}}/{name}": _part("movie", name) for name in MOVIE_PARTS},
    **{f"/movie/{{entry_id:int}}/{name}": _related("movie", name) for name in _RELATED},
    **{f"/tv/{{entry_id:int}}/{name}": _part("tv", name) for name in SHOW_PARTS},
    **{f"/tv/{{entry_id:int}}/{name}": _related("tv", name) for name in _RELATED},
    **{f"/person/{{entry_id:int}}/{name}": _part("person", name) for name in PERSON_PARTS},
}
