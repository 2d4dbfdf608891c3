"""TMDb's genres by id: a search hit has no names, and a call for them would tell the same for years
(https://developer.themoviedb.org/reference/genre-movie-list and genre-tv-list).
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

_NAMES: Mapping[int, str] = MappingProxyType(
    {
        12: "Adventure",
        14: "Fantasy",
        16: "Animation",
        18: "Drama",
        27: "Horror",
        28: "Action",
        35: "Comedy",
        36: "History",
        37: "Western",
        53: "Thriller",
        80: "Crime",
        99: "Documentary",
        878: "Science Fiction",
        9648: "Mystery",
        10402: "Music",
        10749: "Romance",
        10751: "Family",
        10752: "War",
        10759: "Action & Adventure",
        10762: "Kids",
        10763: "News",
        10764: "Reality",
        10765: "Sci-Fi & Fantasy",
        10766: "Soap",
        10767: "Talk",
        10768: "War & Politics",
        10770: "TV Movie",
    }
)


def names(genre_ids: Iterable[int]) -> tuple[str, ...]:
    """The names of those that are known, each once."""
    return tuple(dict.fromkeys(_NAMES[genre_id] for genre_id in genre_ids if genre_id in _NAMES))
