"""What searching needs of the outside world, and the values that cross that line."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol
from uuid import UUID

from gateway.read_ports import Sort
from shared.entities import Candidate, EntityKind, Locale, Role, ShowType

FACETS = ("type", "year", "decade", "genre", "locale")
"""Of people: `type`, `birth_year`, `decade`, `role`, `locale`."""
MAX_FACET_VALUES = 20
"""Shown of a facet, once hits from elsewhere are counted in."""


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """What must hold of a hit, all of it. `genres` and `movies` are slugs; names of people are compared as `shared.search` folds them.

    `text` is what the caller typed: titles, names, and the people of titles. Of `roles`, `movies` and `show_types` one is enough; of
    `genres` and `actors` all.
    """

    kind: EntityKind
    text: str | None = None
    genres: tuple[str, ...] = ()
    year_from: int | None = None
    year_to: int | None = None
    actors: tuple[str, ...] = ()
    director: str | None = None
    birthplace: str | None = None
    roles: tuple[Role, ...] = ()
    movies: tuple[str, ...] = ()
    show_types: tuple[ShowType, ...] = ()
    has_text: Locale | None = None


@dataclass(frozen=True, slots=True)
class Slice:
    """Which hits of all: `after` continues behind the hit that a cursor names, else `offset` hits are passed by.

    Without `sort` the best match comes first.
    """

    limit: int
    offset: int = 0
    after: str | None = None
    sort: Sort | None = None
    descending: bool = True


@dataclass(frozen=True, slots=True)
class Hit:
    """A stored entity that matches; `text` says whether it has a current text of its kind's own form.

    `cursor` names its place in the order of the search.
    """

    id: UUID
    kind: EntityKind
    slug: str
    title: str
    year: int | None
    tmdb_id: int | None
    has_text: bool
    overview: str | None
    director: str | None
    birthplace: str | None
    first_air_date: date | None
    exact: bool
    cursor: str


@dataclass(frozen=True, slots=True)
class Hits:
    """`total` and `facets` are of all matches, of the same moment as `hits`; a facet has all its values, by count, then value."""

    hits: tuple[Hit, ...]
    total: int
    facets: Mapping[str, tuple[tuple[str | int, int], ...]]


class SearchIndex(Protocol):
    """Raises Unavailable("postgres"), and ValueError for a cursor that is none of this order."""

    async def search(self, wanted: SearchFilter, part: Slice, *, facets: bool = True) -> Hits: ...

    async def stored(self, kind: EntityKind, tmdb_ids: tuple[int, ...]) -> frozenset[int]:
        """Those of `tmdb_ids` that are stored."""
        ...


ExternalStatus = Literal["ok", "timeout", "unavailable", "off"]


class ExternalSearch(Protocol):
    """Raises Transient, Permanent or Unavailable("tmdb")."""

    async def search(
        self, kind: EntityKind, query: str, *, year: int | None = None, limit: int = 20
    ) -> tuple[Candidate, ...]: ...
