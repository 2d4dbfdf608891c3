"""What may be asked of a search, and how a place in it is written down."""

import base64
import binascii
from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

import orjson
from starlette.datastructures import QueryParams

from gateway.http import lists
from gateway.http.generation_body import locale_of
from gateway.http.queries import Query
from gateway.read_ports import Sort
from gateway.search_ports import SearchFilter
from gateway.usecases.search_results import DEFAULT_EXTERNAL, DEFAULT_PER_PAGE, Position, Question, Source
from shared import slugs
from shared.entities import KINDS, EntityKind, Role, ShowType

MAX_HITS = 100
MAX_NAMES = 10
LONGEST_CURSOR = 8192
SOURCES: dict[str, Source] = {"local": "local", "external": "external"}
NO_CURSOR = "Must be the next_cursor of a page of the same search."
E = TypeVar("E", bound=StrEnum)


def sorts(kind: EntityKind) -> dict[str, Sort]:
    """The values of `sort`, and what each sorts by."""
    names = KINDS[kind]
    return {names.title: "title", names.year: "year", "created_at": "created_at"}


def parse(kind: EntityKind, parameters: QueryParams, this_year: int) -> Question:
    """The search asked for. Raises `invalid-request` naming every wrong parameter."""
    query = Query(parameters)
    sort = query.choice("sort", tuple(sorts(kind)))
    order = query.choice("order", ("asc", "desc")) or ("asc" if sort == KINDS[kind].title else "desc")
    page, position = query.integer("page", 1, lists.LAST_PAGE), query.parsed("cursor", position_of)
    if query.one("page") and query.one("cursor"):
        query.wrong("cursor", "Cannot be combined with page.")
    deprecated = query.integer("limit", 1, MAX_HITS)
    question = Question(
        wanted=_filter(kind, query, this_year),
        source=SOURCES.get(query.choice("source", tuple(SOURCES)) or ""),
        local_limit=query.integer("local_limit", 1, MAX_HITS),
        external_limit=query.integer("external_limit", 1, MAX_HITS) or DEFAULT_EXTERNAL,
        start=position or page,
        per_page=query.integer("per_page", 1, MAX_HITS) or deprecated or DEFAULT_PER_PAGE,
        sort=sorts(kind).get(sort or ""),
        descending=order == "desc",
    )
    query.check()
    return question


def cursor_of(position: Position) -> str:
    """The position as callers send it back."""
    packed = {"p": position.page, "a": position.after, "l": position.local, "x": position.external}
    return base64.urlsafe_b64encode(orjson.dumps(packed)).decode("ascii").rstrip("=")


def position_of(cursor: str) -> Position:
    """The position that `cursor` stands for. Raises ValueError with the sentence for the caller."""
    match _unpacked(cursor):
        case {"p": int(page), "a": str() | None as after, "l": int(local), "x": int(external)} if (
            1 <= page <= lists.LAST_PAGE and 0 <= local <= lists.LAST_PAGE and 0 <= external <= MAX_HITS
        ):
            return Position(page, after, local, external)
        case _:
            raise ValueError(NO_CURSOR)


def _unpacked(cursor: str) -> Any:
    if len(cursor) > LONGEST_CURSOR or not cursor.isascii():
        return None
    try:
        return orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, orjson.JSONDecodeError):
        return None


def _filter(kind: EntityKind, query: Query, this_year: int) -> SearchFilter:
    person = kind is EntityKind.PERSON
    year, years = lists.year_parameter(kind), (KINDS[kind].earliest_year, lists.latest_year(kind, this_year))
    exactly, first, last = (query.integer(name, *years) for name in (year, f"{year}_from", f"{year}_to"))
    return SearchFilter(
        kind,
        text=query.text("q", lists.LONGEST_Q),
        genres=() if person else tuple(sorted(set(map(slugs.slugify, query.many("genre"))))),
        year_from=max((bound for bound in (exactly, first) if bound is not None), default=None),
        year_to=min((bound for bound in (exactly, last) if bound is not None), default=None),
        actors=() if person else _names(query, "actor", _name),
        director=query.text("director", lists.LONGEST_Q) if kind is EntityKind.MOVIE else None,
        birthplace=query.text("birthplace", lists.LONGEST_Q) if person else None,
        roles=_known(query, "role", Role) if person else (),
        movies=_names(query, "movie", _slug) if person else (),
        show_types=_known(query, "show_type", ShowType) if kind is EntityKind.TV_SHOW else (),
        has_text=query.parsed("has_text", locale_of),
    )


def _known(query: Query, parameter: str, options: type[E]) -> tuple[E, ...]:
    sent = query.many(parameter, [str(option) for option in options])
    return tuple(option for option in options if str(option) in sent)


def _names(query: Query, parameter: str, read: Callable[[str], str]) -> tuple[str, ...]:
    values = query.many(parameter)
    if len(values) > MAX_NAMES:
        query.wrong(parameter, f"At most {MAX_NAMES} values.")
    try:
        return tuple(map(read, values))
    except ValueError as error:
        query.wrong(parameter, str(error))
        return ()


def _name(value: str) -> str:
    if len(value) > lists.LONGEST_Q or "\x00" in value:
        raise ValueError(f"Must be 1 to {lists.LONGEST_Q} characters without NUL.")
    return value


def _slug(value: str) -> str:
    try:
        return slugs.normalise(value)
    except slugs.SlugError:
        raise ValueError(f"'{value[:50]}' cannot be a slug.") from None
