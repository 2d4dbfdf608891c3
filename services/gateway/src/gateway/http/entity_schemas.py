"""The shapes of entities, for the published contract; answers are built in `resources` and compared with these in tests.

A member with a default is absent, not null, when it says nothing.
"""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Literal
from uuid import UUID

from pydantic import Field

from gateway.http.schemas import JobLinks, Shape
from shared.entities import ContextTag, EntityKind, Locale, Role, ShowType
from shared.jobs import JobStatus

_SELECTED = "Present when a locale or a text id was asked for, or nothing can be selected"


class Text(Shape):
    id: UUID
    locale: Locale
    context_tag: ContextTag
    origin: Literal["GENERATED", "TRANSLATED"]
    ai_model: str | None
    version: int
    text: str
    created_at: datetime
    updated_at: datetime


class PersonCredit(Shape):
    id: UUID
    name: str
    slug: str
    role: Role
    character_name: str | None


class MovieCredit(Shape):
    id: UUID
    slug: str
    title: str
    role: Role
    character_name: str | None


class Link(Shape):
    href: str


class Action(Link):
    method: Literal["POST"]


class GenerateBody(Shape):
    entity_type: EntityKind
    slug: str


class GenerateAction(Action):
    body: GenerateBody


class CreditLink(Link):
    title: str
    role: Role
    character_name: str = ""
    job: str = ""
    billing_order: int = 0


class EntityLinks(Shape):
    self: Link
    generate: GenerateAction
    refresh: Action
    related: Link


class TitleLinks(EntityLinks):
    people: list[CreditLink]


class PersonLinks(EntityLinks):
    movies: list[CreditLink]


class MovieAlternative(Shape):
    slug: str
    title: str
    release_year: int | None
    url: str


class PersonAlternative(Shape):
    slug: str
    name: str
    birth_date: date | None
    url: str


class TvAlternative(Shape):
    slug: str
    title: str
    first_air_year: int | None
    url: str


class Meta(Shape):
    """What else there is to know of an answer."""

    ambiguous: Literal[True] = Field(default=True, description="A slug without a year names several stored entities")
    message: str = ""
    alternatives: list[MovieAlternative | PersonAlternative | TvAlternative] = Field(default=[])
    stale_since: datetime | None = Field(default=None, description="The last try to renew the facts failed")


class _Stored(Shape):
    id: UUID
    slug: str
    created_at: datetime
    updated_at: datetime
    meta: Meta = Field(default=Meta(), alias="_meta")


class TitleWithoutCredits(_Stored):
    title: str
    genres: list[str]
    default_description_id: UUID | None
    default_description: Text | None
    descriptions_count: int
    descriptions: list[Text] = Field(default=[], description="Detail, and lists that include it")


class _Title(TitleWithoutCredits):
    people: list[PersonCredit] = Field(max_length=50)
    links: TitleLinks = Field(alias="_links")


class MovieFacts(Shape):
    release_year: int | None
    director: str | None


class Movie(_Title, MovieFacts):
    pass


class Person(_Stored):
    name: str
    birth_date: date | None
    birthplace: str | None
    default_bio_id: UUID | None
    default_bio: Text | None
    bios_count: int
    bios: list[Text] = Field(default=[], description="Detail, and lists that include it")
    movies: list[MovieCredit] = Field(max_length=50)
    links: PersonLinks = Field(alias="_links")


class TvSeriesFacts(Shape):
    first_air_date: date | None
    last_air_date: date | None
    number_of_seasons: int | None
    number_of_episodes: int | None


class TvShowFacts(TvSeriesFacts):
    show_type: ShowType | None


class TvSeries(_Title, TvSeriesFacts):
    pass


class TvShow(_Title, TvShowFacts):
    pass


class _Short(Shape):
    locale: Locale
    tagline: str | None
    summary: str | None
    synopsis: str | None
    short_locale: Locale | None
    short_origin: Literal["GENERATED", "TRANSLATED"] | None


class _TitleDetail(_Short):
    title_localized: str
    selected_description: Text | None = Field(default=None, description=_SELECTED)


class MovieDetail(Movie, _TitleDetail):
    director_localized: str | None


class PersonDetail(Person, _Short):
    name_localized: str
    selected_bio: Text | None = Field(default=None, description=_SELECTED)


class TvSeriesDetail(TvSeries, _TitleDetail):
    pass


class TvShowDetail(TvShow, _TitleDetail):
    pass


class Pagination(Shape):
    current_page: int
    per_page: int
    total_pages: int
    total: int
    has_next_page: bool
    has_previous_page: bool


class CursorPagination(Pagination):
    next_cursor: str | None = Field(description="`cursor` of the next page; null when nothing follows")


class MoviePage(Shape):
    data: list[Movie]
    pagination: CursorPagination


class PersonPage(Shape):
    data: list[Person]
    pagination: CursorPagination


class TvSeriesPage(Shape):
    data: list[TvSeries]
    pagination: CursorPagination


class TvShowPage(Shape):
    data: list[TvShow]
    pagination: CursorPagination


class Option(Shape):
    """One of several matches, under the member names of its kind."""

    slug: str
    title: str = Field(default="", description="Titles")
    name: str = Field(default="", description="People")
    release_year: int | None = Field(default=None, description="Movies")
    first_air_year: int | None = Field(default=None, description="TV")
    birth_year: int | None = Field(default=None, description="People")
    director: str | None = Field(default=None, description="Movies")
    birthplace: str | None = Field(default=None, description="People")
    overview: str | None
    select_url: str


class Choices(Shape):
    error: str
    message: str = Field(description="In the language of Accept-Language")
    slug: str
    options: list[Option] = Field(min_length=2, max_length=10)
    count: int
    hint: str


class _Refresh(Shape):
    message: str
    slug: str = Field(description="Canonical")
    movie_id: UUID | None = Field(default=None, description="Movies")
    person_id: UUID | None = Field(default=None, description="People")
    tv_series_id: UUID | None = Field(default=None, description="TV series")
    tv_show_id: UUID | None = Field(default=None, description="TV shows")


class Refreshed(_Refresh):
    tmdb_id: int
    refreshed_at: datetime


class RefreshAccepted(_Refresh):
    job_id: UUID
    status: JobStatus
    links: JobLinks


DETAILS: Mapping[EntityKind, type[Shape]] = MappingProxyType(
    dict(zip(EntityKind, (MovieDetail, PersonDetail, TvSeriesDetail, TvShowDetail), strict=True))
)
PAGES: Mapping[EntityKind, type[Shape]] = MappingProxyType(
    dict(zip(EntityKind, (MoviePage, PersonPage, TvSeriesPage, TvShowPage), strict=True))
)
