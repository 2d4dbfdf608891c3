"""The four kinds of entity, and the values that describe one: kinds are data, so that every behaviour is written once for all four."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class EntityKind(StrEnum):
    MOVIE = "MOVIE"
    PERSON = "PERSON"
    TV_SERIES = "TV_SERIES"
    TV_SHOW = "TV_SHOW"


class Locale(StrEnum):
    PL = "pl-PL"
    EN = "en-US"
    DE = "de-DE"
    FR = "fr-FR"
    ES = "es-ES"


CANONICAL_LOCALE = Locale.EN
"""Short forms are written in it and translated from it; readers get it where a text in their own is missing."""


class ContextTag(StrEnum):
    DEFAULT = "DEFAULT"
    MODERN = "modern"
    CRITICAL = "critical"
    HUMOROUS = "humorous"
    JOURNALISTIC = "journalistic"
    PLAYFUL = "playful"
    NOIR = "noir"
    SCHOLARLY = "scholarly"


STYLE_PACKS = frozenset({ContextTag.JOURNALISTIC, ContextTag.PLAYFUL, ContextTag.NOIR, ContextTag.SCHOLARLY})
"""Tags behind a flag of their own; no rotation ever chooses one."""


class Form(StrEnum):
    DESCRIPTION = "description"
    BIO = "bio"
    SUMMARY = "summary"
    TAGLINE = "tagline"


SHORT_FORMS = frozenset({Form.SUMMARY, Form.TAGLINE})
"""Every kind of entity has them; they take no tag, are translated rather than written in each locale, and are never the default text."""


class Origin(StrEnum):
    """How a text came to be in its language."""

    GENERATED = "GENERATED"
    TRANSLATED = "TRANSLATED"


class Role(StrEnum):
    ACTOR = "ACTOR"
    DIRECTOR = "DIRECTOR"
    WRITER = "WRITER"
    PRODUCER = "PRODUCER"
    CREATOR = "CREATOR"
    EXECUTIVE_PRODUCER = "EXECUTIVE_PRODUCER"
    HOST = "HOST"
    GUEST = "GUEST"


class ShowType(StrEnum):
    TALK_SHOW = "TALK_SHOW"
    REALITY = "REALITY"
    NEWS = "NEWS"
    DOCUMENTARY = "DOCUMENTARY"
    VARIETY = "VARIETY"
    GAME_SHOW = "GAME_SHOW"


MAX_RECOMMENDED = 20
MAX_CREDITS = 50
"""Credits stored and shown per title."""


@dataclass(frozen=True, slots=True)
class KindNames:
    """How one kind is spelled on the wire."""

    path: str
    one: str
    label: str
    title: str
    year: str
    text: str
    texts: str
    form: Form
    flag: str
    earliest_year: int

    @property
    def id_member(self) -> str:
        """`movie_id`"""
        return f"{self.one}_id"

    @property
    def text_id_member(self) -> str:
        """`description_id` or `bio_id`"""
        return f"{self.text}_id"


KINDS: Mapping[EntityKind, KindNames] = MappingProxyType(
    {
        EntityKind.MOVIE: KindNames(
            path="movies",
            one="movie",
            label="Movie",
            title="title",
            year="release_year",
            text="description",
            texts="descriptions",
            form=Form.DESCRIPTION,
            flag="ai_description_generation",
            earliest_year=1888,
        ),
        EntityKind.PERSON: KindNames(
            path="people",
            one="person",
            label="Person",
            title="name",
            year="birth_year",
            text="bio",
            texts="bios",
            form=Form.BIO,
            flag="ai_bio_generation",
            earliest_year=1800,
        ),
        EntityKind.TV_SERIES: KindNames(
            path="tv-series",
            one="tv_series",
            label="TV series",
            title="title",
            year="first_air_year",
            text="description",
            texts="descriptions",
            form=Form.DESCRIPTION,
            flag="ai_description_generation",
            earliest_year=1888,
        ),
        EntityKind.TV_SHOW: KindNames(
            path="tv-shows",
            one="tv_show",
            label="TV show",
            title="title",
            year="first_air_year",
            text="description",
            texts="descriptions",
            form=Form.DESCRIPTION,
            flag="ai_description_generation",
            earliest_year=1888,
        ),
    }
)


class Value(BaseModel):
    """Base of the frozen values below; unknown members are ignored so that older code reads newer rows."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class MovieDetails(Value):
    """`director` joins several names with a comma."""

    director: str | None = None
    release_date: date | None = None
    runtime_min: int | None = None
    overview: str | None = None
    tagline: str | None = None


class PersonDetails(Value):
    birth_date: date | None = None
    death_date: date | None = None
    birthplace: str | None = None
    biography: str | None = None
    known_for: tuple["KnownFor", ...] = ()


class KnownFor(Value):
    title: str
    year: int | None = None
    role: Role


class TvDetails(Value):
    """`show_type` is set for unscripted shows only."""

    first_air_date: date | None = None
    last_air_date: date | None = None
    number_of_seasons: int | None = None
    number_of_episodes: int | None = None
    show_type: ShowType | None = None
    creators: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    overview: str | None = None
    tagline: str | None = None


type_of_details: Mapping[EntityKind, type[MovieDetails | PersonDetails | TvDetails]] = MappingProxyType(
    {
        EntityKind.MOVIE: MovieDetails,
        EntityKind.PERSON: PersonDetails,
        EntityKind.TV_SERIES: TvDetails,
        EntityKind.TV_SHOW: TvDetails,
    }
)
Details = MovieDetails | PersonDetails | TvDetails


class CreditFact(Value):
    """One person's part in a title, as the catalogue states it; `billing_order` starts at 0, crew has none."""

    tmdb_id: int
    name: str
    role: Role
    character: str | None = None
    job: str | None = None
    billing_order: int | None = None


class TitleCredit(Value):
    """One title in a person's filmography, as the catalogue states it."""

    tmdb_id: int
    kind: EntityKind
    role: Role
    character: str | None = None
    job: str | None = None
    billing_order: int | None = None


class CollectionFact(Value):
    """The series of films that a film belongs to, as the catalogue states it."""

    tmdb_id: int
    name: str


class Facts(Value):
    """Everything the catalogue knows of one entity.

    `credits` is filled for titles and `filmography` for people. `titles` maps a locale to the title used there, where it differs.
    `recommended` holds the catalogue ids of titles of the same type that the catalogue thinks alike, best first.
    `raw` is the provider's document, stored as the snapshot and never shown.
    """

    kind: EntityKind
    tmdb_id: int
    title: str
    original_title: str | None = None
    year: int | None = None
    genres: tuple[str, ...] = ()
    details: MovieDetails | PersonDetails | TvDetails
    credits: tuple[CreditFact, ...] = Field(default=(), max_length=MAX_CREDITS)
    filmography: tuple[TitleCredit, ...] = ()
    titles: Mapping[str, str] = {}
    popularity: float = 0.0
    collection: CollectionFact | None = None
    recommended: tuple[int, ...] = Field(default=(), max_length=MAX_RECOMMENDED)
    raw: Mapping[str, Any] = Field(default={}, repr=False)

    @property
    def director(self) -> str | None:
        """The directors' names of a movie, joined with a comma."""
        return self.details.director if isinstance(self.details, MovieDetails) else None


class Candidate(Value):
    """One hit of a catalogue search: enough to offer a choice, fetched without a call per hit. Of people it knows little but the name."""

    kind: EntityKind
    tmdb_id: int
    title: str
    original_title: str | None = None
    year: int | None = None
    first_air_date: date | None = None
    genres: tuple[str, ...] = ()
    overview: str | None = None
    popularity: float = 0.0
