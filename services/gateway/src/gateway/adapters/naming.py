"""What slugs name among the stored entities: one statement for all of its readers."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, Date, Integer, RowMapping, Text, text
from sqlalchemy.dialects.postgresql import UUID

from gateway.read_ports import Choice, Naming, Spelling
from shared import slugs
from shared.entities import EntityKind

MAX_CHOICES = 25
CHOICE = {"id": UUID, "slug": Text, "title": Text, "year": Integer, "birth_date": Date, "version": BigInteger}
"""The columns of `NAMED` that make a choice."""
_BY_TITLE = 3
_SPELLINGS: tuple[Spelling, ...] = (Spelling.CANONICAL, Spelling.FORMER, Spelling.OTHER, Spelling.OTHER)


def parameters(wanted: Sequence[tuple[EntityKind, str]], this_year: int, choices: int) -> Mapping[str, Any]:
    """Of `NAMED`. The slugs are normalised; at most `choices` entities are found for each."""
    parsed = [slugs.parse(kind, slug, this_year) for kind, slug in wanted]
    return {
        "kinds": [str(kind) for kind, _ in wanted],
        "slugs": [slug for _, slug in wanted],
        "titles": [one.title_part for one in parsed],
        "years": [one.year if one.tail is None else None for one in parsed],
        "choices": choices,
    }


def of(kind: EntityKind, slug: str, rows: Sequence[RowMapping], this_year: int, prefix: str = "") -> Naming:
    """What a slug names, from its rows, at least one; the columns of `CHOICE` have `prefix` in their names.

    Beside whoever's own slug is a bare title stand those who share the title.
    """
    best = rows[0]["rank"]
    bare = best == 0 and slugs.parse(kind, slug, this_year).year is None
    ways = {best, _BY_TITLE} if bare else {best}
    fitting = {row[f"{prefix}id"]: row for row in rows if row["rank"] in ways}
    choices = (Choice(*(row[f"{prefix}{name}"] for name in CHOICE)) for row in fitting.values())
    return Naming(_SPELLINGS[int(best)], tuple(choices))


NAMED = text(
    """
    SELECT wanted.n, best.*
    FROM unnest(CAST(:kinds AS text[]), CAST(:slugs AS text[]), CAST(:titles AS text[]), CAST(:years AS integer[]))
        WITH ORDINALITY AS wanted (kind, slug, title, year, n)
    CROSS JOIN LATERAL (
        SELECT ways.rank, e.id, e.kind, e.slug, e.title, e.year, CAST(e.details ->> 'birth_date' AS date) AS birth_date,
            e.default_text_id, e.version, e.tmdb_id,
            row_number() OVER (ORDER BY ways.rank, e.year DESC NULLS LAST, e.created_at DESC, e.id DESC) AS place
        FROM (
            SELECT 0 AS rank, id FROM entities WHERE kind = wanted.kind AND slug = wanted.slug
            UNION ALL
            SELECT 1, entity_id FROM slug_aliases WHERE kind = wanted.kind AND slug = wanted.slug
            UNION ALL
            SELECT 2, id FROM entities WHERE kind = wanted.kind AND title_slug = wanted.title AND year = wanted.year
            UNION ALL
            SELECT 3, id FROM entities WHERE kind = wanted.kind AND title_slug = wanted.slug
        ) AS ways
        JOIN entities AS e ON e.id = ways.id
        ORDER BY place
        LIMIT :choices
    ) AS best
    """
)
"""For each slug, as `n` from 1: by canonical slug, else former slug, else title and year, else title alone.

`place` counts from 1; of equal ways the newest comes first.
"""
