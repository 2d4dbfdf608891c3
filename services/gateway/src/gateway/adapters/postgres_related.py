"""What is stored and related to a stored entity."""

from collections.abc import Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import RowMapping, Select, select

from gateway.adapters.related_statements import BOUNDS, COLLECTION, PEOPLE, SHARED, TITLES
from gateway.adapters.whole_entities import columns_of, entity_of
from gateway.related_ports import (
    Collaboration,
    Collection,
    Origin,
    PeopleWanted,
    RelatedPeople,
    RelatedPerson,
    RelatedTitle,
    RelatedTitles,
    Relation,
    TitlesWanted,
)
from shared import search
from shared.db.engine import Database
from shared.db.tables import entities
from shared.entities import EntityKind, Role

_MAKES = {EntityKind.MOVIE: (Role.DIRECTOR, Role.WRITER)}
_TV = (EntityKind.TV_SERIES, EntityKind.TV_SHOW)
_TITLES, _PARTS = TITLES.subquery("related"), COLLECTION.subquery("part")


class PostgresRelated:
    """Implements `RelatedEntities`: one statement per answer.

    Titles are related by what is stored of them alone, and each by the first of these that holds.

    | relation | two titles |
    |---|---|
    | SEQUEL, PREQUEL | of one collection, released later or earlier; `distance` is the difference of their places in it |
    | SERIES | of one collection, without release dates that tell their order |
    | REMAKE | of one kind and title or original title, of different years and collections, and with a genre in common if both have any |
    | SPINOFF | with a maker in common, not earlier, its title beginning with the whole title of the other |
    | SAME_UNIVERSE | with a maker in common, the other being its spin-off, or somebody playing one character (of several words) in both |
    | SIMILAR | recommended by the catalogue, in its order; then those with a genre and a person in common, by likeness |

    Makers are the directors and writers of movies and the creators of series and shows. Likeness is the score of
    `usecases.compare_entities`, measured for the titles that share the most people.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def titles(self, kind: EntityKind, entity_id: UUID, wanted: TitlesWanted) -> RelatedTitles | None:
        given = {
            "id": entity_id,
            "kind": kind,
            "kinds": list(_TV if kind in _TV else (kind,)),
            "makes": list(_MAKES.get(kind, (Role.CREATOR,))),
            "tags": [search.genre_tag(genre) for genre in wanted.genres],
            "relations": list(wanted.relations),
            "limit": wanted.limit,
        }
        rows = (await self._database.read(_RELATED[kind], given | BOUNDS)).mappings().all()
        if not rows:
            return None
        first = rows[0]
        shown = (
            RelatedTitle(entity_of(row), Relation(row["relation"]), row["distance"])
            for row in rows
            if row["related_id"]
        )
        return RelatedTitles(_origin(first), tuple(shown), first["collection_count"], first["similar_count"])

    async def people(self, entity_id: UUID, wanted: PeopleWanted) -> RelatedPeople | None:
        given = {"id": entity_id, "type": wanted.type, "role": wanted.role, "limit": wanted.limit}
        rows = (await self._database.read(PEOPLE, given | SHARED)).mappings().all()
        if not rows:
            return None
        first = rows[0]
        shown = tuple(_person(row) for row in rows if row["id"])
        return RelatedPeople(_origin(first), shown, first["collaborators_count"], first["same_name_count"])

    async def collection(self, entity_id: UUID) -> Collection | None:
        given = {"id": entity_id, "parts": BOUNDS["parts"]}
        rows = (await self._database.read(_MOVIES, given)).mappings().all()
        if not rows:
            return None
        return Collection(rows[0]["of_id"], rows[0]["of_name"], tuple(map(entity_of, rows)))


def _shown(kind: EntityKind) -> Select[*tuple[Any, ...]]:
    found = (column for column in _TITLES.c if column.name != "place")
    return (
        select(*found, *columns_of(kind, credited=False))
        .select_from(_TITLES.outerjoin(entities, entities.c.id == _TITLES.c.related_id))
        .order_by(_TITLES.c.place)
    )


_RELATED = {kind: _shown(kind) for kind in EntityKind if kind is not EntityKind.PERSON}
_MOVIES = (
    select(_PARTS.c.of_id, _PARTS.c.of_name, *columns_of(EntityKind.MOVIE))
    .join_from(_PARTS, entities, entities.c.id == _PARTS.c.movie_id)
    .order_by(_PARTS.c.place)
)


def _origin(row: RowMapping) -> Origin:
    return Origin(row["origin_id"], row["origin_slug"], row["origin_title"], row["origin_year"])


def _person(row: RowMapping) -> RelatedPerson:
    shared = cast("Sequence[Mapping[str, Any]]", row["collaborations"] or ())
    return RelatedPerson(
        id=row["id"],
        slug=row["slug"],
        name=row["title"],
        birth_date=row["birth_date"],
        birthplace=row["birthplace"],
        collaborations_count=row["movies"],
        collaborations=tuple(
            Collaboration(
                movie_id=UUID(movie["movie_id"]),
                slug=movie["slug"],
                title=movie["title"],
                person_role=Role(movie["person_role"]),
                collaborator_role=Role(movie["collaborator_role"]),
            )
            for movie in shared
        ),
    )
