"""The shapes of related entities, collections and comparisons, for the published contract.

A member with a default is absent, not null, when it says nothing.
"""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Literal
from uuid import UUID

from pydantic import Field

from gateway.http.entity_schemas import (
    EntityLinks,
    Link,
    Movie,
    MovieFacts,
    TitleWithoutCredits,
    TvSeriesFacts,
    TvShowFacts,
)
from gateway.http.schemas import Shape
from gateway.related_ports import MAX_RELATED, PeopleType, Relation
from shared.entities import EntityKind, Role

_TitleType = Literal[
    "all", "collection", "similar", "sequel", "prequel", "remake", "series", "spinoff", "same_universe"
]  # fmt: skip


class _Related(TitleWithoutCredits):
    relationship_type: Relation
    relationship_label: str
    relationship_order: int | None = Field(description="Places apart in the collection, negative for earlier ones")
    links: EntityLinks = Field(alias="_links")


class RelatedMovie(_Related, MovieFacts):
    pass


class RelatedTvSeries(_Related, TvSeriesFacts):
    pass


class RelatedTvShow(_Related, TvShowFacts):
    pass


class _About(Shape):
    id: UUID
    slug: str


class _AboutMovie(_About):
    title: str
    release_year: int | None


class _AboutTv(_About):
    title: str
    first_air_year: int | None


class _AboutPerson(_About):
    name: str


class _TitleFilters(Shape):
    """The counts are of everything with the wanted genres, whatever is shown of it."""

    type: _TitleType
    collection_count: int
    similar_count: int


class _MovieLinks(Shape):
    self: Link
    movie: Link


class _TvSeriesLinks(Shape):
    self: Link
    tv_series: Link


class _TvShowLinks(Shape):
    self: Link
    tv_show: Link


class _RelatedTitles(Shape):
    count: int = Field(ge=0, le=MAX_RELATED)
    filters: _TitleFilters


class RelatedMovies(_RelatedTitles):
    movie: _AboutMovie
    related_movies: list[RelatedMovie]
    links: _MovieLinks = Field(alias="_links")


class RelatedManyTvSeries(_RelatedTitles):
    tv_series: _AboutTv
    related_tv_series: list[RelatedTvShow | RelatedTvSeries] = Field(description="Of either kind of television")
    links: _TvSeriesLinks = Field(alias="_links")


class RelatedTvShows(_RelatedTitles):
    tv_show: _AboutTv
    related_tv_shows: list[RelatedTvShow | RelatedTvSeries] = Field(description="Of either kind of television")
    links: _TvShowLinks = Field(alias="_links")


class Collaboration(Shape):
    movie_id: UUID
    movie_slug: str
    movie_title: str
    person_role: Role
    collaborator_role: Role


class RelatedPerson(_AboutPerson):
    birth_date: date | None
    birthplace: str | None
    relationship_type: Literal["COLLABORATOR", "SAME_NAME"]
    collaborations: list[Collaboration] = Field(default=[], max_length=50, description="Newest first")
    collaborations_count: int = Field(default=0, ge=0, description="Movies in common, all of them")


class _PeopleFilters(Shape):
    type: PeopleType
    collaborators_count: int
    same_name_count: int


class _PeopleLinks(Shape):
    self: Link
    person: Link
    collaborators: Link
    same_name: Link


class RelatedPeople(Shape):
    person: _AboutPerson
    related_people: list[RelatedPerson]
    count: int = Field(ge=0, le=MAX_RELATED)
    filters: _PeopleFilters
    links: _PeopleLinks = Field(alias="_links")


class _CollectionFacts(Shape):
    name: str
    tmdb_collection_id: int
    count: int


class _SelfLink(Shape):
    self: Link


class MovieCollection(Shape):
    collection: _CollectionFacts
    movies: list[Movie] = Field(description="In the order of their release")
    links: _SelfLink = Field(alias="_links")


class _ComparedMovie(_AboutMovie):
    director: str | None


class _ComparedTv(_AboutTv):
    number_of_seasons: int | None


class _ComparedPerson(_AboutPerson):
    birth_date: date | None
    birthplace: str | None


class _Score(Shape):
    similarity_score: float = Field(ge=0, le=1)


class _TitlesScore(_Score):
    common_genres: list[str]
    year_difference: int | None


class _MovieRoles(Shape):
    person: _AboutPerson
    roles_in_movie1: list[Role]
    roles_in_movie2: list[Role]


class _TvSeriesRoles(Shape):
    person: _AboutPerson
    roles_in_tv_series1: list[Role]
    roles_in_tv_series2: list[Role]


class _TvShowRoles(Shape):
    person: _AboutPerson
    roles_in_tv_show1: list[Role]
    roles_in_tv_show2: list[Role]


class _MoviesScore(_TitlesScore):
    common_people: list[_MovieRoles] = Field(max_length=100)


class _TvSeriesScore(_TitlesScore):
    common_people: list[_TvSeriesRoles] = Field(max_length=100)


class _TvShowsScore(_TitlesScore):
    common_people: list[_TvShowRoles] = Field(max_length=100)


class CommonMovie(Shape):
    movie_id: UUID
    movie_slug: str
    movie_title: str
    person1_role: Role
    person2_role: Role


class _PeopleScore(_Score):
    common_movies: list[CommonMovie] = Field(max_length=100)
    common_movies_count: int
    birth_year_difference: int | None


class MovieComparison(Shape):
    movie1: _ComparedMovie
    movie2: _ComparedMovie
    comparison: _MoviesScore


class PersonComparison(Shape):
    person1: _ComparedPerson
    person2: _ComparedPerson
    comparison: _PeopleScore


class TvSeriesComparison(Shape):
    tv_series1: _ComparedTv
    tv_series2: _ComparedTv
    comparison: _TvSeriesScore


class TvShowComparison(Shape):
    tv_show1: _ComparedTv
    tv_show2: _ComparedTv
    comparison: _TvShowsScore


RELATED: Mapping[EntityKind, type[Shape]] = MappingProxyType(
    dict(zip(EntityKind, (RelatedMovies, RelatedPeople, RelatedManyTvSeries, RelatedTvShows), strict=True))
)
COMPARISONS: Mapping[EntityKind, type[Shape]] = MappingProxyType(
    dict(zip(EntityKind, (MovieComparison, PersonComparison, TvSeriesComparison, TvShowComparison), strict=True))
)
