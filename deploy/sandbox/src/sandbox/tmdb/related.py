"""Which titles TMDb would name beside one. Its own lists come from what users do; these from the facts alone."""

from collections.abc import Callable

from sandbox.tmdb.entries import Movie, Show
from sandbox.tmdb.store import Store

MAX_RELATED = 40
_OF_COLLECTION = 1000
_PER_PERSON = 3


def recommendations(store: Store, title: Movie | Show) -> list[Movie | Show]:
    """At most 40 titles of the same kind, best first: of the collection, then by people and genres in common."""
    return _best(store, title, lambda other: _PER_PERSON * len(other.makers & title.makers) + _alike(other, title))


def similar(store: Store, title: Movie | Show) -> list[Movie | Show]:
    """At most 40 titles of the same kind, best first: of the collection, then by genres in common."""
    return _best(store, title, lambda other: _alike(other, title))


def _alike(one: Movie | Show, other: Movie | Show) -> int:
    together = _collection(one) is not None and _collection(one) == _collection(other)
    return len(set(one.genres) & set(other.genres)) + _OF_COLLECTION * together


def _collection(title: Movie | Show) -> int | None:
    return title.collection.id if isinstance(title, Movie) and title.collection else None


def _best(store: Store, title: Movie | Show, points_of: Callable[[Movie | Show], int]) -> list[Movie | Show]:
    titles = store.movies if isinstance(title, Movie) else store.shows
    others = [other for other in titles.values() if other.id != title.id and not other.adult]
    scored = [(points, other) for other in others if (points := points_of(other))]
    best = sorted(scored, key=lambda pair: (-pair[0], -pair[1].popularity, pair[1].id))
    return [other for _, other in best[:MAX_RELATED]]
