"""Lists on the wire: what may be asked for, one page of it, and what many slugs name."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field
from starlette.datastructures import QueryParams

from gateway.http import cursors
from gateway.http.problems import invalid
from gateway.http.queries import Query
from gateway.http.resources import CREDITS, Resources, representation
from gateway.http.validation import Body, validated
from gateway.read_ports import Page, Representation, Selection, Sort
from gateway.usecases.list_entities import ListQuery
from gateway.usecases.read_many import FoundMany, ManyQuery
from shared import slugs
from shared.entities import KINDS, EntityKind

MAX_PER_PAGE = 100
DEFAULT_PER_PAGE = 50
LAST_PAGE = cursors.LAST_PAGE
"""A page further on is refused, not counted: offsets stay 64-bit integers."""
LONGEST_Q = 255
YEARS_AHEAD = 10
MAX_SLUGS = 50


class BulkBody(Body):
    """The body of `POST /api/v1/{type}/bulk`; `parse_bulk` says what else must hold."""

    slugs: list[str]
    include: list[str] = Field(default=[])


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
    q = query.text("q", LONGEST_Q)
    exactly = query.integer(year, *years)
    bounds = [query.integer(f"{year}_{end}", *years) for end in ("from", "to")]
    start = _start(kind, query, sort, descending=order == "desc")
    selection = Selection(
        page=start.page,
        after=start.after,
        per_page=query.integer("per_page", 1, MAX_PER_PAGE) or DEFAULT_PER_PAGE,
        sort=sort,
        descending=order == "desc",
        text=q and (slugs.fold(q) or q),
        genres=() if kind is EntityKind.PERSON else tuple(sorted(set(map(slugs.slugify, query.many("genre"))))),
        year_from=max((year for year in (exactly, bounds[0]) if year is not None), default=None),
        year_to=min((year for year in (exactly, bounds[1]) if year is not None), default=None),
    )
    include = tuple(sorted(query.many("include", includes(kind))))
    query.check()
    return ListQuery(kind, selection, include)


def _start(kind: EntityKind, query: Query, sort: Sort, *, descending: bool) -> cursors.Start:
    page, sent = query.integer("page", 1, LAST_PAGE), query.one("cursor")
    if page is not None and sent is not None:
        query.wrong("cursor", "Cannot be combined with page.")
    order = cursors.Order(kind, sort, descending)
    return query.parsed("cursor", lambda cursor: cursors.decode(order, cursor)) or cursors.Start(page or 1)


def page(resources: Resources, found: Page, asked: ListQuery) -> Representation:
    """One page; equal pages have equal tags."""
    selection = asked.selection
    data = [resources.listed(entity, asked.include) for entity in found.entities]
    order = cursors.Order(asked.kind, selection.sort, selection.descending)
    follows = found.end and cursors.encode(order, cursors.Start(selection.page + 1, found.end))
    paging = pagination(selection.page, selection.per_page, found.total)
    paging |= {"has_next_page": follows is not None, "next_cursor": follows}
    return representation(asked.kind, {"data": data, "pagination": paging})


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


def names_slugs(parameters: QueryParams) -> bool:
    """Whether a list query asks for certain entities instead of a page, with however many slugs."""
    return "slugs" in parameters or "slugs[]" in parameters


def parse_slugs(kind: EntityKind, parameters: QueryParams) -> ManyQuery:
    """The entities asked for. Raises `invalid-request` naming every wrong slug by its place."""
    query = Query(parameters)
    return _asked(kind, query.all("slugs"), query.all("include"))


def parse_bulk(kind: EntityKind, data: Mapping[str, Any]) -> ManyQuery:
    """The entities that a body asks for: 1 to 50 slugs, each of which can be one. Raises `invalid-request`."""
    body = validated(BulkBody, data)
    return _asked(kind, body.slugs, body.include)


def _asked(kind: EntityKind, sent: Sequence[str], include: Sequence[str]) -> ManyQuery:
    errors: dict[str, list[str]] = {}
    if not 1 <= len(sent) <= MAX_SLUGS:
        errors["slugs"] = [f"Must be 1 to {MAX_SLUGS} slugs."]
    spelled: list[str] = []
    for place, slug in enumerate(sent[:MAX_SLUGS]):
        try:
            spelled.append(slugs.normalise(slug))
        except slugs.SlugError as error:
            errors[f"slugs.{place}"] = [f"Cannot be a slug: {error.reason}."]
    for place, name in enumerate(include):
        if name not in includes(kind):
            errors[f"include.{place}"] = [f"Must be one of {', '.join(includes(kind))}."]
    if errors:
        raise invalid(errors)
    return ManyQuery(kind, tuple(sent), tuple(spelled), tuple(sorted(set(include))), CREDITS[kind] in include)


def many(resources: Resources, found: FoundMany, asked: ManyQuery) -> Representation:
    """What many slugs name; equal answers have equal tags."""
    data = [resources.listed(one.entity, asked.include, one.others, credited=asked.credited) for one in found.named]
    return representation(
        asked.kind,
        {"data": data, "not_found": found.missing, "count": len(data), "requested_count": len(asked.sent)},
    )
