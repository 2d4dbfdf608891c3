"""Which changes of the HTTP contract break callers, and which do not."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from moviemind.commands.generated import RELEASED, released_json
from moviemind.contract import incompatibilities

Document = dict[str, Any]
Change = Callable[[Document], object]
ROOT = Path(__file__).parents[3]


def text(**more: Any) -> Document:
    return {"type": "string", **more}


def some_contract() -> Document:
    wish: Document = {
        "type": "object",
        "additionalProperties": False,
        "required": ["kind"],
        "properties": {
            "kind": text(enum=["film", "show"]),
            "slug": text(maxLength=10, minLength=2, pattern="^a"),
            "count": {"type": "number", "minimum": 1},
            "tags": {"anyOf": [text(), {"type": "array", "items": text(), "maxItems": 5}]},
        },
    }
    job: Document = {
        "type": "object",
        "required": ["id", "next"],
        "properties": {
            "id": text(format="uuid"),
            "status": text(enum=["new", "done"]),
            "year": {"type": "integer"},
            "note": {"type": ["string", "null"]},
            "next": {"$ref": "#/components/schemas/Job"},
            "steps": {"type": "array", "items": {"type": "object", "required": ["at"], "properties": {"at": text()}}},
        },
    }
    reading: Document = {
        "parameters": [{"name": "q", "in": "query", "schema": text(maxLength=9)}],
        "security": [{"key": []}, {}],
        "responses": {
            "200": {
                "headers": {"ETag": {"$ref": "#/components/headers/ETag"}, "Age": {"schema": text()}},
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Job"}}},
            },
            "304": {},
            "404": {},
        },
    }
    asking: Document = {
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Wish"}}}},
        "responses": {"202": {}},
    }
    return {
        "paths": {"/jobs": {"get": reading, "post": asking}},
        "components": {
            "schemas": {"Wish": wish, "Job": job},
            "headers": {"ETag": {"required": True, "schema": text()}},
        },
    }


def get(document: Document) -> Document:
    return document["paths"]["/jobs"]["get"]


def post(document: Document) -> Document:
    return document["paths"]["/jobs"]["post"]


def wish(document: Document) -> Document:
    return document["components"]["schemas"]["Wish"]


def job(document: Document) -> Document:
    return document["components"]["schemas"]["Job"]


def put(where: Callable[[Document], Document], *path: str, **values: Any) -> Change:
    def change(document: Document) -> None:
        found = where(document)
        for step in path:
            found = found[step]
        found.update(values)

    return change


def drop(where: Callable[[Document], Document], *path: str) -> Change:
    def change(document: Document) -> None:
        found: Any = where(document)
        for step in path[:-1]:
            found = found[step]
        del found[path[-1]]

    return change


Q = {"name": "q", "in": "query"}
BREAKING: dict[str, tuple[Change, str]] = {
    "a path is gone": (lambda it: it["paths"].clear(), "GET /jobs is gone"),
    "a method is gone": (lambda it: it["paths"]["/jobs"].pop("get"), "GET /jobs is gone"),
    "a success is gone": (drop(get, "responses", "304"), "304 is gone"),
    "a media type is gone": (drop(get, "responses", "200", "content", "application/json"), "an answer of"),
    "a header is gone": (drop(get, "responses", "200", "headers", "Age"), "header Age is gone"),
    "a header may be missing": (lambda it: it["components"]["headers"]["ETag"].clear(), "header ETag may be missing"),
    "anonymous callers are locked out": (put(get, security=[{"key": []}]), "no credential does not suffice"),
    "a way to authenticate is gone": (put(get, security=[{"other": []}]), "key does not suffice"),
    "a parameter is gone": (put(get, parameters=[]), "query parameter q is gone"),
    "a parameter is required": (
        put(get, parameters=[{**Q, "required": True, "schema": text(maxLength=9)}]),
        "is required",
    ),
    "a new parameter is required": (
        lambda it: get(it)["parameters"].append({"name": "p", "in": "query", "required": True, "schema": text()}),
        "query parameter p is required now",
    ),
    "a parameter is narrower": (put(get, parameters=[{**Q, "schema": text(maxLength=8)}]), "has another maxLength"),
    "a parameter has another type": (put(get, parameters=[{**Q, "schema": {"type": "integer"}}]), "has to be integer"),
    "a list is written differently": (
        put(get, parameters=[{**Q, "explode": False, "schema": text()}]),
        "written differently",
    ),
    "a body is required": (put(post, "requestBody", required=True), "the body is required now"),
    "a body is not taken": (drop(post, "requestBody", "content", "application/json"), "is not taken any more"),
    "a member is required": (put(wish, required=["kind", "slug"]), "body.slug is required now"),
    "a member is not taken": (drop(wish, "properties", "slug"), "body.slug is gone"),
    "a value is not taken": (put(wish, "properties", "kind", enum=["film"]), "body.kind takes fewer values"),
    "values are listed": (put(wish, "properties", "slug", enum=["a"]), "body.slug takes fewer values"),
    "a lower bound rises": (put(wish, "properties", "slug", minLength=3), "body.slug has another minLength"),
    "an upper bound appears": (put(wish, "properties", "count", maximum=9), "body.count has another maximum"),
    "a pattern changes": (put(wish, "properties", "slug", pattern="^b"), "body.slug has another pattern"),
    "numbers become integers": (put(wish, "properties", "count", type="integer"), "body.count has to be integer now"),
    "an alternative is not taken": (
        lambda it: wish(it)["properties"]["tags"]["anyOf"].pop(),
        "body.tags has to be string",
    ),
    "items are narrower": (
        lambda it: wish(it)["properties"]["tags"]["anyOf"][1].update(maxItems=4),
        "body.tags has another maxItems",
    ),
    "an answered member is gone": (drop(job, "properties", "year"), "200: body.year is gone"),
    "an answered member may be missing": (put(job, required=["next"]), "200: body.id may be missing now"),
    "an answer may be null": (
        put(job, "properties", "year", type=["integer", "null"]),
        "200: body.year may be null now",
    ),
    "an answer has another type": (put(job, "properties", "year", type="string"), "200: body.year may be string now"),
    "an answer has another format": (put(job, "properties", "id", format="date"), "200: body.id has another format"),
    "a nested answer is gone": (
        drop(job, "properties", "steps", "items", "properties", "at"),
        "body.steps[].at is gone",
    ),
}
COMPATIBLE: dict[str, Change] = {
    "nothing": lambda it: it,
    "a path": lambda it: it["paths"].update({"/more": get(it)}),
    "a method": lambda it: it["paths"]["/jobs"].update(put=get(it)),
    "an optional parameter": lambda it: get(it)["parameters"].append({"name": "p", "in": "query", "schema": text()}),
    "a wider parameter": put(get, parameters=[{**Q, "schema": text(maxLength=10)}]),
    "an error less": drop(get, "responses", "404"),
    "another success": put(get, "responses", **{"202": {}}),
    "another header": put(get, "responses", "200", "headers", Location={"schema": text()}),
    "another way to authenticate": put(get, security=[{"key": []}, {}, {"token": []}]),
    "an optional member of a request": put(wish, "properties", more=text()),
    "another value in a request": put(wish, "properties", "kind", enum=["film", "show", "person"]),
    "a member that need not be sent": put(wish, required=[]),
    "a bound less": drop(wish, "properties", "slug", "minLength"),
    "another type in a request": put(wish, "properties", "count", type=["number", "null"]),
    "unknown members": drop(wish, "additionalProperties"),
    "another alternative": lambda it: wish(it)["properties"]["tags"]["anyOf"].append({"type": "null"}),
    "a member of an answer": put(job, "properties", more=text()),
    "another value in an answer": put(job, "properties", "status", enum=["new", "done", "lost"]),
    "an answer that is always there": put(job, required=["id", "next", "year"]),
    "an answer that is never null": put(job, "properties", "note", type="string"),
    "prose": put(job, description="What is done", example={}),
}


def changed(change: Change) -> Document:
    document = copy.deepcopy(some_contract())
    change(document)
    return document


@pytest.mark.parametrize("name", BREAKING)
def test_what_breaks_callers_is_named(name: str) -> None:
    change, line = BREAKING[name]

    found = incompatibilities(some_contract(), changed(change))

    assert any(line in one for one in found), found


@pytest.mark.parametrize("name", COMPATIBLE)
def test_callers_can_live_with(name: str) -> None:
    assert incompatibilities(some_contract(), changed(COMPATIBLE[name])) == []


def test_a_baseline_keeps_what_binds_and_leaves_out_prose() -> None:
    document = changed(put(job, description="prose", example={"id": "x"}))
    job(document)["properties"]["description"] = text(description="prose")

    kept = json.loads(released_json(document))

    assert kept == changed(put(job, "properties", description=text()))


def test_the_contract_of_today_keeps_the_released_one() -> None:
    released, today = (
        json.loads((ROOT / path).read_text(encoding="utf-8")) for path in (RELEASED, "docs/openapi.json")
    )

    assert incompatibilities(released, today) == []
