"""What answers about several entities at once need of the outside world, and the values that cross that line."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal, Protocol
from uuid import UUID

from gateway.read_ports import Entity
from shared.entities import Details, EntityKind, Role


class Relation(StrEnum):
    """What a related title is to the one it was asked of."""

    SEQUEL = "SEQUEL"
    PREQUEL = "PREQUEL"
    SERIES = "SERIES"
    REMAKE = "REMAKE"
    SPINOFF = "SPINOFF"
    SAME_UNIVERSE = "SAME_UNIVERSE"
    SIMILAR = "SIMILAR"


@dataclass(frozen=True, slots=True)
class Origin:
    """The entity that was asked about."""

    id: UUID
    slug: str
    title: str
    year: int | None


DEFAULT_RELATED = 20
MAX_RELATED = 100


@dataclass(frozen=True, slots=True)
class TitlesWanted:
    """Which related titles to show: of one of `relations`, with all of `genres` (slugs), at most `limit`. `type` is as asked."""

    type: str
    relations: tuple[Relation, ...]
    genres: tuple[str, ...] = ()
    limit: int = DEFAULT_RELATED


@dataclass(frozen=True, slots=True)
class RelatedTitle:
    """`title` comes without credits. `distance` counts places in the collection, negative for what came before."""

    title: Entity
    relation: Relation
    distance: int | None


@dataclass(frozen=True, slots=True)
class RelatedTitles:
    """Titles of a collection and the like first, then similar ones. The counts are of everything with the wanted genres."""

    origin: Origin
    shown: tuple[RelatedTitle, ...]
    collection_count: int
    similar_count: int


PeopleType = Literal["all", "collaborators", "same_name"]


@dataclass(frozen=True, slots=True)
class PeopleWanted:
    """Which related people to show, at most `limit`. A collaborator has `role` in a shared movie, without one any role but the person's."""

    type: PeopleType = "all"
    role: Role | None = None
    limit: int = DEFAULT_RELATED


@dataclass(frozen=True, slots=True)
class Collaboration:
    """A movie that two people share, each with the first of their roles that fit."""

    movie_id: UUID
    slug: str
    title: str
    person_role: Role
    collaborator_role: Role


@dataclass(frozen=True, slots=True)
class RelatedPerson:
    """A collaborator with the number of shared movies and the newest of them, or, without any, a namesake."""

    id: UUID
    slug: str
    name: str
    birth_date: date | None
    birthplace: str | None
    collaborations_count: int = 0
    collaborations: tuple[Collaboration, ...] = ()


@dataclass(frozen=True, slots=True)
class RelatedPeople:
    """Collaborators first, then namesakes; whoever is both is shown as each. The counts do not depend on what is shown."""

    origin: Origin
    shown: tuple[RelatedPerson, ...]
    collaborators_count: int
    same_name_count: int


@dataclass(frozen=True, slots=True)
class Collection:
    """The stored movies of a collection, in the order of their release."""

    tmdb_id: int
    name: str
    movies: tuple[Entity, ...]


class RelatedEntities(Protocol):
    """Answers of one snapshot and of bounded work, however prolific people or frequent genres are. Raises Unavailable("postgres")."""

    async def titles(self, kind: EntityKind, entity_id: UUID, wanted: TitlesWanted) -> RelatedTitles | None:
        """None when there is no such title."""
        ...

    async def people(self, entity_id: UUID, wanted: PeopleWanted) -> RelatedPeople | None:
        """None when there is no such person."""
        ...

    async def collection(self, entity_id: UUID) -> Collection | None:
        """None when the movie belongs to none."""
        ...


@dataclass(frozen=True, slots=True)
class Compared:
    """One side of a comparison. `linked` counts the people of a title, the movies of a person."""

    id: UUID
    slug: str
    title: str
    year: int | None
    genres: tuple[str, ...]
    details: Details
    linked: int


@dataclass(frozen=True, slots=True)
class InCommon:
    """A person of both titles, or a movie of both people, with the roles in or of each."""

    id: UUID
    slug: str
    title: str
    roles: tuple[tuple[Role, ...], tuple[Role, ...]]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two entities of a kind. `common` holds at most 100 by title or name, `common_count` counts all."""

    first: Compared
    second: Compared
    common: tuple[InCommon, ...]
    common_count: int


class Pairs(Protocol):
    """Raises Unavailable("postgres")."""

    async def pair(self, kind: EntityKind, first: UUID, second: UUID) -> Pair | None:
        """Both as they are at one moment; None when one is gone."""
        ...
