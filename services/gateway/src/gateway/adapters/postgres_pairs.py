"""Two stored entities beside each other."""

from collections.abc import Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import RowMapping, text

from gateway.related_ports import Compared, InCommon, Pair
from shared.db.engine import Database
from shared.entities import EntityKind, Role, type_of_details

MAX_IN_COMMON = 100
MAX_CREDITS = 2000
"""Compared of each side, the newest stored of a person; no filmography comes near."""


class PostgresPairs:
    """Implements `Pairs`: one statement per comparison."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def pair(self, kind: EntityKind, first: UUID, second: UUID) -> Pair | None:
        of_people = kind is EntityKind.PERSON
        statement, linked = (_PEOPLE, EntityKind.MOVIE) if of_people else (_TITLES, EntityKind.PERSON)
        given = {"kind": kind, "linked": linked, "ids": [first, second], "credits": MAX_CREDITS, "most": MAX_IN_COMMON}
        rows = (await self._database.read(statement, given)).mappings().all()
        if len(rows) != 2:
            return None
        common = cast("Sequence[Mapping[str, Any]]", rows[0]["common"])
        return Pair(_side(kind, rows[0]), _side(kind, rows[1]), tuple(map(_in_common, common)), rows[0]["common_count"])


def _side(kind: EntityKind, row: RowMapping) -> Compared:
    return Compared(
        id=row["id"],
        slug=row["slug"],
        title=row["title"],
        year=row["year"],
        genres=tuple(row["genres"]),
        details=type_of_details[kind].model_validate(row["details"]),
        linked=row["linked"],
    )


def _in_common(item: Mapping[str, Any]) -> InCommon:
    roles = tuple(map(Role, item["roles_1"])), tuple(map(Role, item["roles_2"]))
    return InCommon(UUID(item["id"]), item["slug"], item["title"], roles)


_PAIR = """
    WITH side AS MATERIALIZED (
        SELECT given.place, e.*
        FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS given (id, place) JOIN entities AS e ON e.id = given.id AND e.kind = :kind
    ), link AS MATERIALIZED (
        SELECT credit.id, array_agg(credit.role ORDER BY credit.role) FILTER (WHERE side.place = 1) AS roles_1,
            array_agg(credit.role ORDER BY credit.role) FILTER (WHERE side.place = 2) AS roles_2
        FROM side CROSS JOIN LATERAL ({credits} LIMIT :credits) AS credit JOIN entities AS e ON e.id = credit.id
        WHERE e.kind = :linked
        GROUP BY credit.id
    ), common AS (
        SELECT * FROM link WHERE roles_1 IS NOT NULL AND roles_2 IS NOT NULL
    )
    SELECT side.id, side.slug, side.title, side.year, side.genres, side.details,
        (SELECT count(CASE side.place WHEN 1 THEN roles_1 ELSE roles_2 END) FROM link) AS linked,
        (SELECT count(*) FROM common) AS common_count,
        (
            SELECT coalesce(jsonb_agg(to_jsonb(shown) ORDER BY shown.title, shown.id), '[]')
            FROM (
                SELECT common.*, e.slug, e.title FROM common JOIN entities AS e ON e.id = common.id
                ORDER BY e.title, e.id LIMIT :most
            ) AS shown
        ) AS common
    FROM side ORDER BY side.place
"""
_OF_TITLE = "SELECT person_id AS id, role FROM credits WHERE title_id = side.id ORDER BY person_id"
_OF_PERSON = "SELECT title_id AS id, role FROM credits WHERE person_id = side.id ORDER BY title_id DESC"
_TITLES = text(_PAIR.format(credits=_OF_TITLE))
_PEOPLE = text(_PAIR.format(credits=_OF_PERSON))
