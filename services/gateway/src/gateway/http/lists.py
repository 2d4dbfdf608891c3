"""Lists on the wire: what may be asked for, and one page of it."""

import math
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import QueryParams

from gateway.http.queries import Query
from gateway.http.resources import CREDITS, Resources, representation
from gateway.read_ports import Page, Representation, Selection, Sort
from shared import slugs
from shared.entities import KINDS, EntityKind

MAX_PER_PAGE = 100
DEFAULT_PER_PAGE = 50
LAST_PAGE = 1_000_000_000
"""A page further on is refused, not counted: offsets stay 64-bit integers."""
LONGEST_Q = 255
YEARS_AHEAD = 10


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A valid list query."""

    selection: Selection
    include: tuple[str, ...]


def sorts(kind: EntityKind) -> dict[str, Sort]:
    """The values of `sort`, and what each sorts by."""
    names = KINDS[kind]
    return {"created_at": "created_at", "updated_at": "updated_at", names.title: "title", names.year: "year"}


def includes(kind: EntityKind) -> tuple[str, ...]:
    """The values of `include`. Credits and genres are always there; naming them is allowed."""
    titles_only = () if kind is EntityKind.PERSON else ("genres",)
    return (KINDS[kind].texts, CREDITS[kind], *titles_only)


def year_parameter(kind: EntityKind) -> str:
    return "birth_year" if kind is EntityKind.PERSON else "year"


def latest_year(kind: EntityKind, this_year: int) -> int:
    return this_year if kind is EntityKind.PERSON else this_year + YEARS_AHEAD


def parse(kind: EntityKind, parameters: QueryParams, this_year: int) -> ListQuery:
    """The list asked for. Raises `invalid-request` naming every wrong parameter."""
    query, year = Query(parameters), year_parameter(kind)
    years = KINDS[kind].earliest_year, latest_year(kind, this_year)
    sort = sorts(kind).get(query.choice("sort", tuple(sorts(kind))) or "", "created_at")
    order = query.choice("order", ("asc", "desc")) or ("asc" if sort == "title" else "desc")
    title = query.text("q", LONGEST_Q)
    exactly = query.integer(year, *years)
    bounds = [query.integer(f"{year}_{end}", *years) for end in ("from", "to")]
    selection = Selection(
        page=query.integer("page", 1, LAST_PAGE) or 1,
        per_page=query.integer("per_page", 1, MAX_PER_PAGE) or DEFAULT_PER_PAGE,
        sort=sort,
        descending=order == "desc",
        title=slugs.slugify(title) if title else None,
        genres=() if kind is EntityKind.PERSON else tuple(map(slugs.slugify, query.many("genre"))),
        year_from=max((year for year in (exactly, bounds[0]) if year is not None), default=None),
        year_to=min((year for year in (exactly, bounds[1]) if year is not None), default=None),
    )
    include = query.many("include", includes(kind))
    query.check()
    return ListQuery(selection, include)


def page(kind: EntityKind, found: Page, asked: ListQuery, resources: Resources) -> Representation:
    """One page; equal pages have equal tags."""
    data = [resources.listed(entity, asked.include) for entity in found.entities]
    return representation(
        kind, {"data": data, "pagination": pagination(asked.selection.page, asked.selection.per_page, found.total)}
    )


def pagination(page: int, per_page: int, total: int) -> dict[str, Any]:
    """`total` counts all matches; a page past the end has a previous one."""
    pages = math.ceil(total / per_page)
    return {
        "current_page": page,
        "per_page": per_page,
        "total_pages": pages,
        "total": total,
        "has_next_page": page < pages,
        "has_previous_page": page > 1,
    }
