"""What keeping facts in step needs of the outside world."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from shared.entities import EntityKind, Facts
from shared.events import RefreshRequested
from shared.jobs import Attempt


@dataclass(frozen=True, slots=True)
class Known:
    """A stored entity, as the catalogue knows it."""

    entity_id: UUID
    kind: EntityKind
    tmdb_id: int


class Catalog(Protocol):
    async def facts(self, kind: EntityKind, tmdb_id: int) -> Facts | None:
        """What the catalogue says now; None when it no longer has the entity. Raises Transient or Unavailable("tmdb")."""
        ...


class FactStore(Protocol):
    async def known(self, entity_id: UUID) -> Known | None:
        """The stored entity, None when it is gone or was never in the catalogue. Raises Unavailable("postgres")."""
        ...

    async def refresh(self, attempt: Attempt, event: RefreshRequested, facts: Facts) -> None:
        """Facts, snapshot, credits, version, job DONE, inbox and completion event in one transaction. Raises LeaseLost."""
        ...

    async def mark_stale(self, entity_id: UUID) -> None:
        """Remember that the last try to renew the facts failed; the stored ones remain."""
        ...


class MediaType(StrEnum):
    """What the providers of trends tell apart; of TV they know one kind."""

    MOVIES = "movies"
    SHOWS = "shows"


class SkipReason(StrEnum):
    NO_KEY = "no-key"
    QUOTA_SPENT = "quota-spent"
    QUOTA_UNKNOWN = "quota-unknown"


@dataclass(frozen=True, slots=True)
class Skipped:
    """Nothing was asked: says nothing of the title, and what is known of it stays. `renews_at` is when asking makes sense again."""

    reason: SkipReason
    renews_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A title in a list of trends. `tmdb_id` is None for one that the catalogue does not know by id."""

    trakt_id: int
    slug: str | None
    title: str
    year: int | None
    imdb_id: str | None
    tmdb_id: int | None


@dataclass(frozen=True, slots=True)
class Trend:
    """A listed title and how many people: watching it now, or having watched it in a period."""

    listed: Listed
    watchers: int


@dataclass(frozen=True, slots=True)
class Votes:
    """`average` is from 0 to 10; `distribution` maps 1..10 to the number of votes, a value nobody gave to 0."""

    average: float
    votes: int
    distribution: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Stats:
    """What people did with a title since it exists."""

    watchers: int
    plays: int
    collectors: int
    lists: int
    votes: int
    comments: int


@dataclass(frozen=True, slots=True)
class Airing:
    """One episode at the time it is first shown, in UTC."""

    show: Listed
    season: int
    number: int
    title: str | None
    air_at: datetime
    network: str | None


@dataclass(frozen=True, slots=True)
class Critique:
    """Ratings of IMDb (0 to 10), Metacritic and Rotten Tomatoes (0 to 100); None where there is none."""

    imdb_average: float | None
    imdb_votes: int | None
    metacritic: int | None
    rotten_tomatoes: int | None


class Trends(Protocol):
    """What people watch. Every answer may be `Skipped` instead. Raises Transient, Permanent or Unavailable("trakt")."""

    async def trending(self, media: MediaType, *, limit: int = 100) -> tuple[Trend, ...] | Skipped:
        """What is watched now, most watched first."""
        ...

    async def watched_monthly(self, media: MediaType, *, limit: int = 100) -> tuple[Trend, ...] | Skipped:
        """What was watched in the last 30 days, by most people first."""
        ...

    async def votes(self, media: MediaType, trakt_id: int) -> Votes | Skipped | None:
        """None for a title that is gone, or that nobody rated."""
        ...

    async def stats(self, media: MediaType, trakt_id: int) -> Stats | Skipped | None:
        """None for a title that is gone."""
        ...

    async def related(self, media: MediaType, trakt_id: int, *, limit: int = 12) -> tuple[Listed, ...] | Skipped | None:
        """Titles that the same people watch, best first; None for a title that is gone."""
        ...

    async def airings(self, first: date, days: int) -> tuple[Airing, ...] | Skipped:
        """Episodes of all series in `days` days (1 to 33) from `first`, earliest first."""
        ...


class Critics(Protocol):
    """What critics and audiences elsewhere think. Raises Transient, Permanent or Unavailable("omdb")."""

    async def critique(self, media: MediaType, imdb_id: str) -> Critique | Skipped | None:
        """None for a title that is not known there."""
        ...


@dataclass(frozen=True, slots=True)
class Spent:
    """No call is left before `renews_at`."""

    renews_at: datetime


class Quota(Protocol):
    """The calls that may be made of a provider in a UTC day, by all processes together."""

    async def take(self) -> Spent | None:
        """One call, taken before it is made; None when it may be. Raises Unavailable when nobody can tell."""
        ...

    async def refused(self) -> Spent:
        """The provider itself says that none is left: nobody asks it again for an hour."""
        ...
