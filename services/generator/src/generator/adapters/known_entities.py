"""Stored entities with their facts, looked up together by those who look at the same moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import RowMapping, text

from generator.ports import Known
from shared.batching import Batches
from shared.db.engine import Database
from shared.entities import CreditFact, EntityKind, Facts, Role, type_of_details

MAX_TOGETHER = 64


@dataclass(frozen=True, slots=True)
class Asked:
    """An entity by its own id, else by its canonical slug, else by a former one; or by its id in the catalogue."""

    kind: EntityKind
    slug: str | None = None
    entity_id: UUID | None = None
    tmdb_id: int | None = None


class KnownEntities:
    """What is stored, with its facts and credits, each answer of one snapshot. Raises Unavailable("postgres")."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._found = Batches(self._find, limit=MAX_TOGETHER)

    async def find(self, asked: Asked) -> Known | None:
        """None for what is not stored, or has no id in the catalogue."""
        return await self._found(asked)

    async def _find(self, asked: Sequence[Asked]) -> list[Known | None]:
        rows = [
            {"n": n, "kind": one.kind, "slug": one.slug, "entity_id": one.entity_id, "tmdb_id": one.tmdb_id}
            for n, one in enumerate(asked)
        ]
        found = await self._database.read(_FOUND, {"rows": orjson.dumps(rows, default=str).decode()})
        known = {row["n"]: _known(row) for row in found.mappings()}
        return [known.get(n) for n in range(len(asked))]


def _known(row: RowMapping) -> Known:
    kind = EntityKind(row["kind"])
    facts = Facts(
        kind=kind,
        tmdb_id=row["tmdb_id"],
        title=row["title"],
        original_title=row["original_title"],
        year=row["year"],
        genres=tuple(row["genres"]),
        details=type_of_details[kind].model_validate(row["details"]),
        titles=row["titles"],
        credits=tuple(map(_credit, row["credits"])),
    )
    return Known(row["id"], row["slug"], facts, row["complete"])


def _credit(item: dict[str, Any]) -> CreditFact:
    return CreditFact(
        tmdb_id=item["tmdb_id"],
        name=item["name"],
        role=Role(item["role"]),
        character=item["character_name"],
        job=item["job"],
        billing_order=item["billing_order"],
    )


_FOUND = text(
    """
    SELECT asked.n, best.*, EXISTS (SELECT FROM tmdb_snapshots WHERE tmdb_snapshots.entity_id = best.id) AS complete,
        coalesce((
            SELECT jsonb_agg(jsonb_build_object('tmdb_id', people.tmdb_id, 'name', people.title, 'role', credits.role,
                    'character_name', credits.character_name, 'job', credits.job, 'billing_order', credits.billing_order)
                ORDER BY credits.billing_order NULLS LAST, credits.role, people.title)
            FROM credits JOIN entities AS people ON people.id = credits.person_id
            WHERE credits.title_id = best.id AND people.tmdb_id IS NOT NULL
        ), '[]') AS credits
    FROM jsonb_to_recordset(CAST(CAST(:rows AS text) AS jsonb))
        AS asked (n integer, kind text, slug text, entity_id uuid, tmdb_id integer)
    CROSS JOIN LATERAL (
        SELECT e.id, e.kind, e.slug, e.tmdb_id, e.title, e.original_title, e.year, e.genres, e.details, e.titles
        FROM (
            SELECT 0 AS rank, id FROM entities WHERE id = asked.entity_id AND kind = asked.kind
            UNION ALL
            SELECT 1, id FROM entities WHERE kind = asked.kind AND slug = asked.slug
            UNION ALL
            SELECT 2, entity_id FROM slug_aliases WHERE kind = asked.kind AND slug = asked.slug
            UNION ALL
            SELECT 3, id FROM entities WHERE kind = asked.kind AND tmdb_id = asked.tmdb_id
        ) AS ways
        JOIN entities AS e ON e.id = ways.id
        ORDER BY ways.rank LIMIT 1
    ) AS best
    WHERE best.tmdb_id IS NOT NULL
    """
)
