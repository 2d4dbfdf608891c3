"""Stored entities, many at a time: a page of a list, and what many slugs name."""

from collections.abc import Mapping
from functools import cache
from itertools import groupby
from typing import Any, Literal

from sqlalchemy import BigInteger, Integer, Select, and_, select, text
from sqlalchemy.dialects.postgresql import UUID

from gateway.adapters import naming
from gateway.adapters.whole_entities import columns_of, entity_of
from gateway.read_ports import Named, Page, Position, Selection, Sort
from shared import search
from shared.clock import Clock
from shared.db.engine import Database
from shared.db.tables import entities
from shared.entities import EntityKind

_Start = Literal["anywhere", "value", "nothing"]
"""Where a page begins: at an offset, behind a row with a value to sort by, behind one without."""
_SORTED_BY: Mapping[Sort, str] = {
    "created_at": "created_at",
    "updated_at": "updated_at",
    "title": "title_slug",
    "year": "year",
}


class PostgresLists:
    """Implements `EntityLists`. Raises Unavailable("postgres"). Every answer is one statement, and so of one snapshot."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def page(self, kind: EntityKind, selection: Selection) -> Page:
        rows = (await self._database.read(*page_statement(kind, selection))).mappings().all()
        found = [row for row in rows if row["id"] is not None]
        shown = found[: selection.per_page]
        last = shown[-1] if len(found) > len(shown) else None
        end = None if last is None else Position(last["position"], last["id"])
        return Page(tuple(map(entity_of, shown)), rows[0]["total"], end)

    async def many(self, kind: EntityKind, slugs: tuple[str, ...], *, credited: bool) -> tuple[Named | None, ...]:
        this_year = self._clock.now().year
        wanted = naming.parameters([(kind, slug) for slug in slugs], this_year, naming.MAX_CHOICES)
        rows = (await self._database.read(_many(kind, credited=credited), wanted)).mappings().all()
        found = {n: list(group) for n, group in groupby(rows, key=lambda row: row["n"])}

        def named(n: int, slug: str) -> Named | None:
            if n not in found:
                return None
            choices = naming.of(kind, slug, found[n], this_year, prefix="choice_").choices
            return Named(entity_of(found[n][0]), choices[1:])

        return tuple(named(n, slug) for n, slug in enumerate(slugs, 1))


def page_statement(kind: EntityKind, selection: Selection) -> tuple[Select[*tuple[Any, ...]], Mapping[str, Any]]:
    """The statement that reads a page and one row more, and its parameters."""
    after = selection.after
    start: _Start = "anywhere" if after is None else "nothing" if after.value is None else "value"
    statement = _page(
        kind,
        selection.sort,
        start,
        descending=selection.descending,
        searched=selection.text is not None or bool(selection.genres),
        since=selection.year_from is not None,
        until=selection.year_to is not None,
    )
    given = {
        "kind": kind,
        "search": _tsquery(kind, selection),
        "year_from": selection.year_from,
        "year_to": selection.year_to,
        "value": after and after.value,
        "id": after and after.id,
        "limit": selection.per_page + 1,
        "offset": 0 if after else (selection.page - 1) * selection.per_page,
    }
    return statement, given


def _tsquery(kind: EntityKind, selection: Selection) -> str | None:
    """A word of the text may also be one of a genre."""
    genres = {word: (search.genre_word_tag(word),) for word in search.document(selection.text).split()}
    return search.tsquery(selection.text, (search.kind_tag(kind), *map(search.genre_tag, selection.genres)), genres)


@cache
def _page(
    kind: EntityKind, sort: Sort, start: _Start, *, descending: bool, searched: bool, since: bool, until: bool
) -> Select[*tuple[Any, ...]]:
    """What is searched for is found once; without a search, counting and ordering each read an index of their own."""
    years = [*(["year >= :year_from"] if since else []), *(["year <= :year_to"] if until else [])]
    chosen = text(
        f"""
        WITH matching AS {_searched(sort, years) if searched else _filtered(sort, years)}, counted AS (
            SELECT count(*) AS total FROM matching
        ), chosen AS (
            SELECT id, position FROM matching WHERE {_behind(sort, start, descending=descending)}
            ORDER BY {_order("position", "id", sort, descending=descending)} LIMIT :limit OFFSET :offset
        )
        SELECT counted.total, chosen.id AS chosen_id, chosen.position FROM counted LEFT JOIN chosen ON true
        """  # noqa: S608 (nothing of a caller's is in it)
    ).columns(total=BigInteger, chosen_id=UUID, position=entities.c[_SORTED_BY[sort]].type)
    page = chosen.subquery("page")
    joined = page.outerjoin(entities, entities.c.id == page.c.chosen_id)
    whole = select(page.c.total, page.c.position, *columns_of(kind)).select_from(joined)
    return whole.order_by(text(_order("page.position", "page.chosen_id", sort, descending=descending)))


def _filtered(sort: Sort, years: list[str]) -> str:
    conditions = " AND ".join(["kind = :kind", *years])
    return f"""NOT MATERIALIZED (
            SELECT id, {_SORTED_BY[sort]} AS position FROM entities WHERE {conditions}
        )"""  # noqa: S608 (nothing of a caller's is in it)


def _searched(sort: Sort, years: list[str]) -> str:
    """In the narrow table where all that is asked is there; the kind is one of the tags."""
    elsewhere = " JOIN (SELECT id, updated_at FROM entities) AS e ON e.id = entity_id" if sort == "updated_at" else ""
    conditions = " AND ".join(["search @@ CAST(:search AS tsquery)", *years])
    return f"""MATERIALIZED (
            SELECT entity_id AS id, {_SORTED_BY[sort]} AS position FROM search_documents{elsewhere} WHERE {conditions}
        )"""  # noqa: S608 (nothing of a caller's is in it)


def _order(position: str, id_: str, sort: Sort, *, descending: bool) -> str:
    """Nulls come last in both directions; where there are none nothing is said of them, so that one index serves both directions."""
    direction = "DESC" if descending else "ASC"
    nulls = " NULLS LAST" if sort == "year" else ""
    return f"{position} {direction}{nulls}, {id_} {direction}"


def _behind(sort: Sort, start: _Start, *, descending: bool) -> str:
    further = "<" if descending else ">"
    nulls = " OR position IS NULL" if sort == "year" else ""
    match start:
        case "anywhere":
            return "true"
        case "value":
            return f"((position, id) {further} (:value, :id){nulls})"
        case "nothing":
            return f"(position IS NULL AND id {further} :id)"


@cache
def _many(kind: EntityKind, *, credited: bool) -> Select[*tuple[Any, ...]]:
    """A row for each choice of each slug, of which the first comes whole."""
    named = naming.NAMED.columns(**naming.CHOICE, n=BigInteger, rank=Integer, place=BigInteger).subquery("named")
    choice = (named.c[name].label(f"choice_{name}") for name in naming.CHOICE)
    first = named.outerjoin(entities, and_(entities.c.id == named.c.id, named.c.place == 1))
    whole = select(named.c.n, named.c.rank, *choice, *columns_of(kind, credited=credited)).select_from(first)
    return whole.order_by(named.c.n, named.c.place)
