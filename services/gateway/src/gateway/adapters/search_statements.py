"""The one statement of a search, written once for each shape of question and kept."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import TextClause, text

from gateway.adapters.search_cursors import Order

_TYPES = {int: "integer", float: "double precision", str: "text", datetime: "timestamptz"}


@dataclass(frozen=True, slots=True)
class Shape:
    """What decides how the statement reads; `credited` holds the role of each person that must be credited."""

    order: Order
    after: bool
    facets: bool
    ranked: bool
    credited: tuple[str, ...] = ()
    year_from: bool = False
    year_to: bool = False
    place: bool = False
    movies: bool = False


@lru_cache(maxsize=512)
def statement(shape: Shape) -> TextClause:
    """One row per hit in order, each with total and counts; a single row without an entity when the page is empty.

    Every match is visited once, in the narrow table; entities and texts are read for the page only.
    """
    order = shape.order
    keys = [f"key_{n}" for n in range(1, len(order.keys) + 1)]
    place = [*keys, "entity_id"]
    by = ", ".join(f"{one} {order.direction}" for one in place)
    chosen = ", ".join(f"{key} AS {name}" for key, name in zip(order.keys, keys, strict=True))
    return text(
        f"""
        WITH document AS NOT MATERIALIZED (
            SELECT search_documents.*, {_TIER if shape.ranked else "0"} AS tier FROM search_documents
        ), matched AS MATERIALIZED (
            SELECT entity_id, document.year, {"categories" if shape.facets else "NULL AS categories"}, locales,
                document.title_slug = :title_slug AS exact, {chosen}
            FROM document{_UPDATED if order.keys == ("updated_at",) else ""}
            WHERE {" AND ".join(_conditions(shape))}
        ), page AS (
            SELECT * FROM matched {_after(order, keys) if shape.after else ""}
            ORDER BY {by} LIMIT :limit OFFSET CAST(:offset AS bigint)
        )
        SELECT counted.*, page.entity_id, page.exact, page.locales <> '' AS has_text, {", ".join(f"page.{key}" for key in keys)},
            e.slug, e.title, e.year, e.tmdb_id, e.details ->> 'director' AS director, e.details ->> 'birthplace' AS birthplace,
            CAST(e.details ->> 'first_air_date' AS date) AS first_air_date,
            left(coalesce(texts.text, e.details ->> 'overview', e.details ->> 'biography'), :overview) AS overview
        FROM (SELECT (SELECT count(*) FROM matched) AS total{_COUNTED if shape.facets else ""}) AS counted
        LEFT JOIN (page JOIN entities AS e ON e.id = page.entity_id LEFT JOIN texts ON texts.id = e.default_text_id) ON true
        ORDER BY {", ".join(f"page.{one} {order.direction}" for one in place)}
        """  # noqa: S608 (put together from the constants of this module)
    )


def _conditions(shape: Shape) -> list[str]:
    return [
        "search @@ CAST(:query AS tsquery)",
        *(["document.year >= :year_from"] if shape.year_from else []),
        *(["document.year <= :year_to"] if shape.year_to else []),
        *(["strpos(place, :place) > 0"] if shape.place else []),
        *([_IN_MOVIES] if shape.movies else []),
        *(_CREDITED.format(n=n, role=role) for n, role in enumerate(shape.credited)),
    ]


def _after(order: Order, keys: list[str]) -> str:
    given = ", ".join(f"CAST(:{key} AS {_TYPES[type_]})" for key, type_ in zip(keys, order.types, strict=True))
    behind = "<" if order.descending else ">"
    return f"WHERE ({', '.join(keys)}, entity_id) {behind} ({given}, CAST(:after AS uuid))"


_TIER = """CASE WHEN title_slug = :title_slug THEN 0 WHEN starts_with(title_slug, :title_slug) THEN 1
                WHEN names @@ CAST(:names AS tsquery) THEN 2 ELSE 3 END"""
"""The exact title, titles that begin like it, other titles, and what is found through people or films."""
_UPDATED = " JOIN entities AS updated ON updated.id = document.entity_id"
_IN_MOVIES = """entity_id IN (
                SELECT credits.person_id FROM credits WHERE credits.title_id IN (
                    SELECT id FROM entities WHERE kind = 'MOVIE' AND slug = ANY(CAST(:movies AS text[]))
                    UNION ALL
                    SELECT slug_aliases.entity_id FROM slug_aliases WHERE kind = 'MOVIE' AND slug = ANY(CAST(:movies AS text[]))))"""
_CREDITED = """entity_id IN (
                SELECT credits.title_id FROM search_documents AS person JOIN credits ON credits.person_id = person.entity_id
                WHERE person.search @@ CAST(:person_{n} AS tsquery) AND person.names @@ CAST(:name_{n} AS tsquery)
                    AND credits.role = '{role}')"""
_COUNTED = """,
                (SELECT jsonb_object_agg(value, matches) FROM (
                    SELECT year AS value, count(*) AS matches FROM matched WHERE year IS NOT NULL GROUP BY year
                ) AS one) AS per_year,
                (SELECT jsonb_object_agg(value, matches) FROM (
                    SELECT unnest(string_to_array(categories, chr(31))) AS value, sum(matches) AS matches
                    FROM (SELECT categories, count(*) AS matches FROM matched GROUP BY categories) AS each GROUP BY value
                ) AS one) AS per_category,
                (SELECT jsonb_object_agg(value, matches) FROM (
                    SELECT unnest(string_to_array(locales, chr(31))) AS value, sum(matches) AS matches
                    FROM (SELECT locales, count(*) AS matches FROM matched GROUP BY locales) AS each GROUP BY value
                ) AS one) AS per_locale"""
