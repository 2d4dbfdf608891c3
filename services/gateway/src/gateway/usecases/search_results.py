"""What is asked of a search, and what it found."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from gateway.read_ports import Representation, Sort
from gateway.search_ports import ExternalStatus, Hit, SearchFilter
from shared.entities import Candidate

DEFAULT_PER_PAGE = 20
DEFAULT_EXTERNAL = 20

Source = Literal["local", "external"]
MatchType = Literal["none", "exact", "partial", "ambiguous"]


@dataclass(frozen=True, slots=True)
class Position:
    """Where page `page` begins: behind `local` stored hits, the last of them at `after`, and `external` of those the catalogue offered."""

    page: int
    after: str | None
    local: int
    external: int


@dataclass(frozen=True, slots=True)
class Question:
    """A valid search. `start` is a page from 1 or a position, None when the first page is meant and paging is not asked about.

    Without `sort` the best match comes first.
    """

    wanted: SearchFilter
    source: Source | None = None
    local_limit: int | None = None
    external_limit: int = DEFAULT_EXTERNAL
    start: int | Position | None = None
    per_page: int = DEFAULT_PER_PAGE
    sort: Sort | None = None
    descending: bool = False

    @property
    def page(self) -> int:
        return self.start.page if isinstance(self.start, Position) else self.start or 1

    @property
    def bare(self) -> bool:
        """Whether it is a text and no filter."""
        return self.wanted == SearchFilter(self.wanted.kind, self.wanted.text) and self.wanted.text is not None


@dataclass(frozen=True, slots=True)
class ExternalHit:
    """Something that is not stored. A detail read of `slug` leads to it; `place` is its place in all that the catalogue offered."""

    candidate: Candidate
    slug: str
    place: int

    @property
    def title(self) -> str:
        return self.candidate.title

    @property
    def year(self) -> int | None:
        return self.candidate.year


@dataclass(frozen=True, slots=True)
class External:
    """Everything that the catalogue has beside what is stored, in the order of the search."""

    hits: tuple[ExternalHit, ...]
    status: ExternalStatus


@dataclass(frozen=True, slots=True)
class Results:
    """One page. `facets` are of all matches; `exact` says of a single match that it is what was typed; `following` is the next page's."""

    shown: tuple[Hit | ExternalHit, ...]
    local_count: int
    external_count: int
    external_status: ExternalStatus
    exact: bool
    facets: Mapping[str, tuple[tuple[str | int, int], ...]]
    following: Position | None

    @property
    def total(self) -> int:
        return self.local_count + self.external_count

    @property
    def match_type(self) -> MatchType:
        if self.total == 1:
            return "exact" if self.exact else "partial"
        return "ambiguous" if self.total else "none"

    @property
    def confidence(self) -> float:
        """0..1 that the first result is what is meant."""
        match self.match_type:
            case "none":
                return 0.0
            case "exact":
                return 1.0
            case "partial":
                return 0.7
            case "ambiguous":
                return round(max(0.5, 1 - 0.1 * (self.total - 1)), 1)


RenderSearch = Callable[[Question, Results], Representation]
