"""Searching in what is stored, with the full text index of PostgreSQL."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT

from gateway.adapters.search_cursors import Order, Place, decode, encode, order_of
from gateway.adapters.search_statements import Shape, statement
from gateway.search_ports import FACETS, Hit, Hits, SearchFilter, Slice
from shared import search, slugs
from shared.db.engine import Database
from shared.db.tables import entities
from shared.entities import EntityKind, Role

MAX_OVERVIEW = 201
"""Characters of an overview: one more than is shown, which tells whether it has to be cut."""
_FEW_YEARS = 20
_FACETS_OF_PEOPLE = ("type", "birth_year", "decade", "role", "locale")


class PostgresSearch:
    """Implements `SearchIndex`. Hits, total and facets are one statement, and so of one moment.

    Words are corrected only when nothing was found: a second statement tells what may have been meant, a third searches for it. A
    cursor carries the corrections, so that its search goes on as it began whatever is stored meanwhile.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def search(self, wanted: SearchFilter, part: Slice, *, facets: bool = True) -> Hits:
        order = order_of(part.sort, descending=part.descending)
        place = None if part.after is None else decode(order, part.after)
        found = await self._found(wanted, part, order, place, place.meant if place else {}, facets=facets)
        if found.total or not wanted.text or (place and place.meant):
            return found
        meant = await self._meant(wanted.text)
        return await self._found(wanted, part, order, place, meant, facets=facets) if meant else found

    async def stored(self, kind: EntityKind, tmdb_ids: tuple[int, ...]) -> frozenset[int]:
        known = select(entities.c.tmdb_id).where(entities.c.kind == kind, entities.c.tmdb_id.in_(tmdb_ids))
        return frozenset((await self._database.read(known)).scalars().all()) if tmdb_ids else frozenset()

    async def _found(
        self,
        wanted: SearchFilter,
        part: Slice,
        order: Order,
        place: Place | None,
        meant: Mapping[str, Sequence[str]],
        *,
        facets: bool,
    ) -> Hits:
        credited = [(Role.ACTOR, name) for name in wanted.actors] + (
            [(Role.DIRECTOR, wanted.director)] if wanted.director else []
        )
        shape = Shape(
            order=order,
            after=place is not None,
            facets=facets,
            ranked=bool(wanted.text),
            credited=tuple(role for role, _ in credited),
            year_from=wanted.year_from is not None,
            year_to=wanted.year_to is not None,
            place=wanted.birthplace is not None,
            movies=bool(wanted.movies),
        )
        given = {
            "query": _query(wanted, meant),
            "names": search.tsquery(wanted.text, meant=meant),
            "title_slug": slugs.slugify(wanted.text) if wanted.text else "",
            "year_from": wanted.year_from,
            "year_to": wanted.year_to,
            "place": slugs.fold((wanted.birthplace or "").replace("\x00", " ")),
            "movies": list(wanted.movies),
            "limit": part.limit,
            "offset": part.offset,
            "overview": MAX_OVERVIEW,
            "after": place.id if place else None,
        }
        given |= {f"key_{n}": key for n, key in enumerate(place.keys if place else (), 1)}
        for n, (_, name) in enumerate(credited):
            given |= {
                f"name_{n}": search.tsquery(name),
                f"person_{n}": search.tsquery(name, [search.kind_tag(EntityKind.PERSON)]),
            }
        rows = (await self._database.read(statement(shape), given)).mappings().all()
        return Hits(
            hits=tuple(_hit(wanted.kind, order, row, meant) for row in rows if row["entity_id"] is not None),
            total=rows[0]["total"],
            facets=_facets(wanted.kind, rows[0]) if facets else {},
        )

    async def _meant(self, question: str) -> Mapping[str, Sequence[str]]:
        """For each word of `question` that no stored word begins with, the stored words that it may be a misspelling of."""
        pairs = [(word, variant) for word in search.words(question) for variant in sorted(search.variants(word))]
        if not pairs:
            return {}
        given, variants = (list(column) for column in zip(*pairs, strict=True))
        near: dict[str, set[str]] = {}
        for row in await self._database.read(_NEAR, {"words": given, "variants": variants}):
            near.setdefault(row.given, set()).add(row.word)
        meant = {word: search.corrections(word, sorted(others)) for word, others in near.items()}
        return {word: others for word, others in meant.items() if others}


def _query(wanted: SearchFilter, meant: Mapping[str, Sequence[str]]) -> str:
    """Everything the index can tell; that a title's people have the names asked for leaves few titles whose credits must be read."""
    required = [search.kind_tag(wanted.kind), *(search.genre_tag(genre) for genre in wanted.genres)]
    required += [search.locale_tag(wanted.has_text)] if wanted.has_text else []
    any_of = [
        [search.role_tag(role) for role in wanted.roles],
        [search.show_type_tag(show_type) for show_type in wanted.show_types],
        list(_few_years(wanted)),
    ]
    people = [*wanted.actors, *([wanted.director] if wanted.director else [])]
    asked = search.tsquery(wanted.text, required, meant, any_of)
    return " & ".join(filter(None, (asked, *map(search.tsquery, people))))


def _few_years(wanted: SearchFilter) -> Iterator[str]:
    """The years asked for when the index can look up each; a longer span is left to the comparison."""
    if wanted.year_from is not None and wanted.year_to is not None and wanted.year_to - wanted.year_from < _FEW_YEARS:
        yield from map(search.year_tag, range(wanted.year_from, wanted.year_to + 1))


def _hit(kind: EntityKind, order: Order, row: RowMapping, meant: Mapping[str, Sequence[str]]) -> Hit:
    keys = tuple(row[f"key_{n}"] for n in range(1, len(order.keys) + 1))
    return Hit(
        id=UUID(str(row["entity_id"])),
        kind=kind,
        slug=row["slug"],
        title=row["title"],
        year=row["year"],
        tmdb_id=row["tmdb_id"],
        has_text=row["has_text"],
        overview=row["overview"],
        director=row["director"],
        birthplace=row["birthplace"],
        first_air_date=row["first_air_date"],
        exact=row["exact"],
        cursor=encode(order, Place(keys, row["entity_id"], meant)),
    )


def _facets(kind: EntityKind, row: RowMapping) -> Mapping[str, tuple[tuple[str | int, int], ...]]:
    per_year: Mapping[str, int] = row["per_year"] or {}
    years = {int(year): count for year, count in per_year.items()}
    decades: Counter[int] = Counter()
    for year, count in years.items():
        decades[year // 10 * 10] += count
    counts: tuple[Mapping[Any, int], ...] = (
        {kind.value: row["total"]} if row["total"] else {},
        years,
        decades,
        row["per_category"] or {},
        row["per_locale"] or {},
    )
    names = _FACETS_OF_PEOPLE if kind is EntityKind.PERSON else FACETS
    return {name: _by_count(values) for name, values in zip(names, counts, strict=True)}


def _by_count(counts: Mapping[Any, int]) -> tuple[tuple[str | int, int], ...]:
    return tuple(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


_NEAR = text(
    """
    SELECT DISTINCT given.word AS given, near.word AS word
    FROM unnest(:words, :variants) AS given (word, variant) JOIN search_words AS near ON near.variant = given.variant
    WHERE NOT EXISTS (
        SELECT FROM search_words AS begun
        WHERE begun.variant >= given.word AND begun.variant < given.word || '{' AND begun.variant = begun.word)
    """
).bindparams(bindparam("words", type_=ARRAY(TEXT)), bindparam("variants", type_=ARRAY(TEXT)))
