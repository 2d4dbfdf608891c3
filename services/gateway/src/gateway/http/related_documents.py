"""Related entities, collections and comparisons on the wire."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from gateway.http.links import Links
from gateway.http.lists import year_parameter
from gateway.http.resources import CREDITS, Resources, day, representation
from gateway.read_ports import Representation
from gateway.related_ports import (
    DEFAULT_RELATED,
    Collection,
    Compared,
    InCommon,
    PeopleWanted,
    RelatedPeople,
    RelatedPerson,
    RelatedTitle,
    RelatedTitles,
    Relation,
    TitlesWanted,
)
from gateway.usecases.compare_entities import Comparison
from shared.entities import KINDS, EntityKind, MovieDetails, PersonDetails, TvDetails

LABELS: Mapping[Relation, str] = MappingProxyType(
    {
        Relation.SEQUEL: "Sequel",
        Relation.PREQUEL: "Prequel",
        Relation.SERIES: "Same series",
        Relation.REMAKE: "Remake",
        Relation.SPINOFF: "Spin-off",
        Relation.SAME_UNIVERSE: "Same universe",
        Relation.SIMILAR: "Similar",
    }
)
_MOVIE, _PERSON = KINDS[EntityKind.MOVIE], KINDS[EntityKind.PERSON]


def related_member(kind: EntityKind) -> str:
    """`related_movies`, `related_people`, `related_tv_series`, `related_tv_shows`"""
    return f"related_{KINDS[kind].path.replace('-', '_')}"


class RelatedDocuments:
    """Renders what several entities have to do with each other; every link in it works."""

    def __init__(self, links: Links) -> None:
        self._links = links
        self._resources = Resources(links)

    def titles(self, kind: EntityKind, found: RelatedTitles, wanted: TitlesWanted) -> Representation:
        names, origin, own = KINDS[kind], found.origin, self._links.entity(kind, found.origin.slug)
        asked = {"type": wanted.type, "genre": ",".join(wanted.genres), "limit": wanted.limit}
        document = {
            names.one: {"id": str(origin.id), "slug": origin.slug, "title": origin.title, names.year: origin.year},
            related_member(kind): [self._title(one) for one in found.shown],
            "count": len(found.shown),
            "filters": {
                "type": wanted.type,
                "collection_count": found.collection_count,
                "similar_count": found.similar_count,
            },
            "_links": {"self": {"href": _asked(f"{own}/related", asked)}, names.one: {"href": own}},
        }
        return representation(kind, document)

    def people(self, found: RelatedPeople, wanted: PeopleWanted) -> Representation:
        own = self._links.entity(EntityKind.PERSON, found.origin.slug)
        asked = {"type": wanted.type, "collaborator_role": wanted.role or "", "limit": wanted.limit}
        document = {
            _PERSON.one: {"id": str(found.origin.id), "slug": found.origin.slug, "name": found.origin.title},
            related_member(EntityKind.PERSON): [_person(one) for one in found.shown],
            "count": len(found.shown),
            "filters": {
                "type": wanted.type,
                "collaborators_count": found.collaborators_count,
                "same_name_count": found.same_name_count,
            },
            "_links": {
                "self": {"href": _asked(f"{own}/related", asked)},
                _PERSON.one: {"href": own},
                "collaborators": {"href": f"{own}/related?type=collaborators"},
                "same_name": {"href": f"{own}/related?type=same_name"},
            },
        }
        return representation(EntityKind.PERSON, document)

    def collection(self, slug: str, found: Collection) -> Representation:
        """`slug` is of the movie that was asked about."""
        document = {
            "collection": {"name": found.name, "tmdb_collection_id": found.tmdb_id, "count": len(found.movies)},
            "movies": [self._resources.listed(movie, ()) for movie in found.movies],
            "_links": {"self": {"href": f"{self._links.entity(EntityKind.MOVIE, slug)}/collection"}},
        }
        return representation(EntityKind.MOVIE, document)

    def comparison(self, kind: EntityKind, compared: Comparison) -> Representation:
        names, pair = KINDS[kind], compared.pair
        common = _movies_in_common if kind is EntityKind.PERSON else _people_in_common
        difference = f"{year_parameter(kind)}_difference"
        document = {
            f"{names.one}1": _side(kind, pair.first),
            f"{names.one}2": _side(kind, pair.second),
            "comparison": common(kind, compared)
            | {difference: compared.year_difference, "similarity_score": compared.score},
        }
        return representation(kind, document)

    def _title(self, one: RelatedTitle) -> dict[str, Any]:
        document = self._resources.listed(one.title, ())
        del document[CREDITS[one.title.kind]], document["_links"][CREDITS[one.title.kind]]
        return document | {
            "relationship_type": one.relation,
            "relationship_label": LABELS[one.relation],
            "relationship_order": one.distance,
        }


def _asked(address: str, parameters: Mapping[str, str | int]) -> str:
    """The address with those parameters that are not as by default."""
    default = ("", "all", DEFAULT_RELATED)
    query = urlencode({name: value for name, value in parameters.items() if value not in default}, safe=",")
    return f"{address}?{query}" if query else address


def _person(one: RelatedPerson) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": str(one.id),
        "slug": one.slug,
        "name": one.name,
        "birth_date": day(one.birth_date),
        "birthplace": one.birthplace,
    }
    if not one.collaborations_count:
        return document | {"relationship_type": "SAME_NAME"}
    return document | {
        "relationship_type": "COLLABORATOR",
        "collaborations": [
            {
                _MOVIE.id_member: str(movie.movie_id),
                "movie_slug": movie.slug,
                "movie_title": movie.title,
                "person_role": movie.person_role,
                "collaborator_role": movie.collaborator_role,
            }
            for movie in one.collaborations
        ],
        "collaborations_count": one.collaborations_count,
    }


def _side(kind: EntityKind, one: Compared) -> dict[str, Any]:
    known: dict[str, Any] = {"id": str(one.id), "slug": one.slug, KINDS[kind].title: one.title}
    match one.details:
        case MovieDetails() as movie:
            return known | {"release_year": one.year, "director": movie.director}
        case PersonDetails() as person:
            return known | {"birth_date": day(person.birth_date), "birthplace": person.birthplace}
        case TvDetails() as tv:
            return known | {"first_air_year": one.year, "number_of_seasons": tv.number_of_seasons}


def _people_in_common(kind: EntityKind, compared: Comparison) -> dict[str, Any]:
    one = KINDS[kind].one

    def person(shared: InCommon) -> dict[str, Any]:
        roles = {f"roles_in_{one}{place}": roles for place, roles in enumerate(shared.roles, 1)}
        return {"person": {"id": str(shared.id), "slug": shared.slug, "name": shared.title}, **roles}

    return {"common_genres": compared.genres, "common_people": [person(shared) for shared in compared.pair.common]}


def _movies_in_common(_: EntityKind, compared: Comparison) -> dict[str, Any]:
    """A person with several roles in a movie is shown with the first of them by name."""
    movies = [
        {
            "movie_id": str(movie.id),
            "movie_slug": movie.slug,
            "movie_title": movie.title,
            "person1_role": movie.roles[0][0],
            "person2_role": movie.roles[1][0],
        }
        for movie in compared.pair.common
    ]
    return {"common_movies": movies, "common_movies_count": compared.pair.common_count}
