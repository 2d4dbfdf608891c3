"""One row: a request, and what of its answer the contract fixes. `{names}` in it are those of the kind it is asked of."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from shared.entities import KINDS, EntityKind

TITLES = (EntityKind.MOVIE, EntityKind.TV_SERIES, EntityKind.TV_SHOW)
MOVIES, PEOPLE, SHOWS = (EntityKind.MOVIE,), (EntityKind.PERSON,), (EntityKind.TV_SHOW,)
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
SECONDS = re.compile(r"\d+")
ABSENT = object()
Expected = Any
"""A value; a pattern of the whole text; a type or a union of types; `ABSENT`; a list of values in this order."""


@dataclass(frozen=True, slots=True)
class Row:
    """`at` is the gateway that is asked, `{etag}` the tag that the same request gets without `sent`.

    `members` are dotted paths into the body, `headers` those of the answer.
    """

    section: str
    what: str
    request: str
    status: int
    members: Mapping[str, Expected] = field(default_factory=dict[str, Expected])
    headers: Mapping[str, Expected] = field(default_factory=dict[str, Expected])
    kinds: tuple[EntityKind, ...] = tuple(EntityKind)
    sent: Mapping[str, str] = field(default_factory=dict[str, str])
    body: Any = None
    at: str = "gateway"


def problem(section: str, what: str, request: str, status: int, name: str, **more: Any) -> Row:
    """A row whose answer is a problem of that name."""
    members = {"type": f"urn:moviemind:problem:{name}", **more.pop("members", {})}
    headers = {"content-type": "application/problem+json", "cache-control": "no-store", **more.pop("headers", {})}
    return Row(section, what, request, status, members, headers, **more)


def invalid(section: str, request: str, *wrong: str, **more: Any) -> Row:
    """422 that names each wrong parameter."""
    members = {f"errors.{name.replace('.', '/')}": list for name in wrong}
    what = f"names {', '.join(wrong)} as wrong"
    return problem(section, what, request, 422, "invalid-request", members=members, **more)


NAMES: Mapping[EntityKind, Mapping[str, str]] = {
    EntityKind.MOVIE: {
        "slug": "the-matrix-1999",
        "other": "the-matrix-reloaded-2003",
        "short": "the-matrix",
        "named": "The Matrix",
        "unstored": "heat-1995",
        "one_more": "inside-out-2015",
        "several": "heat",
        "option": "heat-1986",
        "elsewhen": "inside-out-1901",
        "held": "coco-2017",
        "near": "the-matrics-1999",
        "word": "matrix",
        "genre": "science-fiction",
    },
    EntityKind.PERSON: {
        "slug": "keanu-reeves",
        "other": "carrie-anne-moss",
        "named": "Keanu Reeves",
        "unstored": "hayao-miyazaki",
        "one_more": "akira-kurosawa",
        "held": "bong-joon-ho",
        "near": "keanu-reevs",
        "word": "keanu",
    },
    EntityKind.TV_SERIES: {
        "slug": "breaking-bad-2008",
        "other": "better-call-saul-2015",
        "short": "breaking-bad",
        "named": "Breaking Bad",
        "unstored": "dark-2017",
        "one_more": "chernobyl-2019",
        "several": "the-office",
        "option": "the-office-2001",
        "elsewhen": "dark-1901",
        "held": "lupin-2021",
        "near": "breaking-bed-2008",
        "word": "breaking",
        "genre": "drama",
    },
    EntityKind.TV_SHOW: {
        "slug": "taskmaster-2015",
        "other": "hot-ones-2015",
        "short": "taskmaster",
        "named": "Taskmaster",
        "unstored": "mythbusters-2003",
        "one_more": "iron-chef-1993",
        "several": "top-gear",
        "option": "top-gear-1977",
        "elsewhen": "mythbusters-1901",
        "held": "qi-2003",
        "near": "taskmastr-2015",
        "word": "taskmaster",
        "genre": "comedy",
    },
}
"""Of each kind: two stored entities, titles that only the catalogue knows, and spellings."""


def names_of(kind: EntityKind) -> dict[str, str]:
    """What `{names}` in a row of `kind` stand for."""
    names = KINDS[kind]
    year = "birth_date" if kind is EntityKind.PERSON else names.year
    own = {"kind": kind, "type": names.path, "one": names.one, "label": names.label, "title": names.title, "year": year}
    texts = {"text": names.text, "texts": names.texts, "text_id": names.text_id_member, "form": names.form}
    return {**own, **texts, **NAMES[kind]}


def filled(value: Any, names: Mapping[str, str]) -> Any:
    """`value` with its `{names}` replaced; a name that this kind has not raises KeyError."""
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda found: names[found[1]], value)
    if isinstance(value, Mapping):
        items = cast("Mapping[Any, Any]", value).items()
        return {filled(name, names): filled(item, names) for name, item in items}
    if isinstance(value, list):
        return [filled(item, names) for item in cast("list[Any]", value)]
    return value


def member(document: Any, path: str) -> Any:
    """What is at a dotted path (`/` stands for a dot in a name), `ABSENT` when there is nothing."""
    found = document
    for step in path.split("."):
        name = step.replace("/", ".")
        if isinstance(found, list) and name.isdecimal() and int(name) < len(cast("list[Any]", found)):
            found = cast("list[Any]", found)[int(name)]
        elif isinstance(found, dict) and name in found:
            found = cast("dict[str, Any]", found)[name]
        else:
            return ABSENT
    return found


def fits(found: Any, expected: Expected) -> bool:
    if isinstance(expected, re.Pattern):
        return isinstance(found, str) and cast("re.Pattern[str]", expected).fullmatch(found) is not None
    if isinstance(expected, type) or expected.__class__.__name__ == "UnionType":
        return isinstance(found, expected)
    if isinstance(expected, float):
        return isinstance(found, int | float) and abs(found - expected) < 0.005
    return bool(found is expected or found == expected)
