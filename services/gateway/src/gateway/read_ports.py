"""What the use cases that read entities need of the outside world, and the values that cross that line."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, auto
from typing import Literal, Protocol
from uuid import UUID

from gateway.ports import EntityRef
from shared.catalog import Lookup
from shared.entities import Details, EntityKind, Locale


@dataclass(frozen=True, slots=True)
class Choice:
    """A stored entity as one of several that a spelling may mean."""

    id: UUID
    slug: str
    title: str
    year: int | None
    birth_date: date | None
    version: int


class Spelling(Enum):
    """How a slug names what it names."""

    CANONICAL = auto()
    FORMER = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Naming:
    """The stored entities that a slug names, at least one: the one whose own slug it is, then the newest first.

    Several only for a spelling without a year.
    """

    spelling: Spelling
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class StoredText:
    """A current text of an entity."""

    id: UUID
    locale: str
    context_tag: str
    origin: str
    ai_model: str | None
    version: int
    text: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ShortText:
    """A current summary or tagline."""

    form: str
    locale: str
    origin: str
    text: str


@dataclass(frozen=True, slots=True)
class Credit:
    """The other side of a credit: the person of a title, the title of a person."""

    id: UUID
    kind: EntityKind
    slug: str
    title: str
    role: str
    character_name: str | None
    job: str | None
    billing_order: int | None


@dataclass(frozen=True, slots=True)
class Entity:
    """A stored entity with everything an answer shows of it, all of one moment, that of `version`.

    `texts` holds the current ones of the kind's own form by locale, tag and id; `credits` at most 50 by billing order; `short_texts` what
    a detail shows, and is empty elsewhere.
    """

    id: UUID
    kind: EntityKind
    slug: str
    title: str
    titles: Mapping[str, str]
    year: int | None
    genres: tuple[str, ...]
    details: Details
    default_text_id: UUID | None
    tmdb_id: int | None
    version: int
    stale_since: datetime | None
    created_at: datetime
    updated_at: datetime
    texts: tuple[StoredText, ...]
    credits: tuple[Credit, ...]
    short_texts: tuple[ShortText, ...] = ()

    @property
    def default_text(self) -> StoredText | None:
        return self.text(self.default_text_id) if self.default_text_id else None

    @property
    def ref(self) -> EntityRef:
        return EntityRef(self.id, self.kind, self.slug, self.default_text_id, self.version, self.tmdb_id)

    def text(self, text_id: UUID) -> StoredText | None:
        return next((text for text in self.texts if text.id == text_id), None)


Sort = Literal["created_at", "updated_at", "title", "year"]


@dataclass(frozen=True, slots=True)
class Position:
    """A place between two rows of an order: behind the entity `id`, which is sorted by `value`."""

    value: datetime | str | int | None
    id: UUID


@dataclass(frozen=True, slots=True)
class Selection:
    """A page of a list: filters combine with AND, `genres` are slugs, and `text` holds words of titles, names, credited people and genres.

    The page begins behind the position `after`; without one, behind the `page - 1` pages before it.
    """

    page: int = 1
    per_page: int = 50
    sort: Sort = "created_at"
    descending: bool = True
    text: str | None = None
    genres: tuple[str, ...] = ()
    year_from: int | None = None
    year_to: int | None = None
    after: Position | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """`total` counts all matches, of the same moment as `entities`; `end` is the position behind the last one, None if nothing follows."""

    entities: tuple[Entity, ...]
    total: int
    end: Position | None


@dataclass(frozen=True, slots=True)
class Named:
    """What one of many slugs names: the newest when it names several, and the `others`."""

    entity: Entity
    others: tuple[Choice, ...]


class Entities(Protocol):
    """Raises Unavailable("postgres")."""

    async def named(self, kind: EntityKind, slug: str) -> Naming | None:
        """What `slug` names: canonical, former, or (without a year) everything whose title part is equal."""
        ...

    async def by_tmdb_id(self, kind: EntityKind, tmdb_id: int) -> UUID | None: ...

    async def load(self, kind: EntityKind, entity_id: UUID) -> Entity | None: ...


class EntityLists(Protocol):
    """Raises Unavailable("postgres")."""

    async def page(self, kind: EntityKind, selection: Selection) -> Page: ...

    async def many(self, kind: EntityKind, slugs: tuple[str, ...], *, credited: bool) -> tuple[Named | None, ...]:
        """What each of the distinct `slugs` names, all of one moment; not `credited` without credits."""
        ...


class Snapshots(Protocol):
    """Raises Unavailable("postgres")."""

    async def has_snapshot(self, entity_id: UUID) -> bool: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which text a reader asked for: by id, else by locale, else any."""

    locale: Locale | None = None
    text_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Representation:
    """A finished answer: `etag` is the quoted strong entity tag of exactly these bytes."""

    etag: str
    body: bytes


RenderDetail = Callable[[Entity, Wanted, StoredText | None, tuple[Choice, ...]], Representation]
"""Entity, what was asked for, the text selected for it, and the other entities the spelling may mean."""


class ResponseCache(Protocol):
    """Never fails: while it is away nothing is kept and nothing found."""

    async def get(self, kind: EntityKind, slug: str, wanted: Wanted) -> Representation | None: ...

    async def fill(self, entity: Entity, wanted: Wanted, representation: Representation) -> bool:
        """Keep `representation`, built from `entity`; False when it was not kept, as when a newer version is known."""
        ...


class Catalog(Protocol):
    async def lookup(self, kind: EntityKind, slug: str) -> Lookup:
        """What exists under a slug. Raises Transient, Permanent or Unavailable("tmdb") when that cannot be told."""
        ...
