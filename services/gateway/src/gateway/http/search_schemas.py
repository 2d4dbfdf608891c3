"""The shapes of searches, for the published contract; answers are built in `search_documents` and compared with these in tests.

A member with a default is absent, not null, when it says nothing.
"""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field

from gateway.http.entity_schemas import CursorPagination
from gateway.http.schemas import Shape
from shared.entities import EntityKind, Locale, Role

_Overview = Annotated[str | None, Field(max_length=200, description="Cut between words, with `…`")]


class _Found(Shape):
    overview: _Overview


class _Local(_Found):
    source: Literal["local"]
    slug: str


class _External(_Found):
    source: Literal["external"]
    needs_creation: Literal[True]
    suggested_slug: str = Field(description="A detail read of it leads to this entity; unique in the answer")


class _Movie(Shape):
    entity_type: Literal[EntityKind.MOVIE]
    title: str
    release_year: int | None
    director: str | None


class LocalMovie(_Movie, _Local):
    has_description: bool


class ExternalMovie(_Movie, _External):
    pass


class _Person(Shape):
    entity_type: Literal[EntityKind.PERSON]
    name: str
    birth_year: int | None
    birthplace: str | None


class LocalPerson(_Person, _Local):
    has_bio: bool


class ExternalPerson(_Person, _External):
    biography: _Overview


class _Tv(Shape):
    entity_type: Literal[EntityKind.TV_SERIES, EntityKind.TV_SHOW]
    title: str
    first_air_date: date | None
    first_air_year: int | None


class LocalTv(_Tv, _Local):
    has_description: bool


class ExternalTv(_Tv, _External):
    pass


class TypeCount(Shape):
    value: EntityKind
    count: int


class NumberCount(Shape):
    value: int
    count: int


class NameCount(Shape):
    value: str
    count: int


class RoleCount(Shape):
    value: Role
    count: int


class LocaleCount(Shape):
    value: Locale
    count: int


class _Facets(Shape):
    """Over all matches, by count, then value."""

    type: list[TypeCount] = Field(max_length=20)
    decade: list[NumberCount] = Field(max_length=20)
    locale: list[LocaleCount] = Field(max_length=20, description="Locales in which a text exists")


class TitleFacets(_Facets):
    year: list[NumberCount] = Field(max_length=20)
    genre: list[NameCount] = Field(max_length=20)


class PersonFacets(_Facets):
    birth_year: list[NumberCount] = Field(max_length=20)
    role: list[RoleCount] = Field(max_length=20)


class SearchPagination(CursorPagination):
    page: int
    next_cursor: str | None


class _Search(Shape):
    total: int = Field(description="`local_count` + `external_count`")
    local_count: int
    external_count: int
    match_type: Literal["none", "exact", "partial", "ambiguous"]
    confidence: float = Field(ge=0, le=1)
    external_status: Literal["ok", "timeout", "unavailable", "off"]
    pagination: SearchPagination | None = Field(default=None, description="When page or cursor was sent")


class MovieSearch(_Search):
    results: list[LocalMovie | ExternalMovie]
    facets: TitleFacets


class PersonSearch(_Search):
    results: list[LocalPerson | ExternalPerson]
    facets: PersonFacets


class TvSearch(_Search):
    results: list[LocalTv | ExternalTv]
    facets: TitleFacets


SEARCHES: Mapping[EntityKind, type[Shape]] = MappingProxyType(
    dict(zip(EntityKind, (MovieSearch, PersonSearch, TvSearch, TvSearch), strict=True))
)
