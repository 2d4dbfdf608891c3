"""Hooks that Schemathesis loads by `schemathesis.toml`: the ids of this run, and what the contract says in prose only."""

import json
import os
import re
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, cast

import schemathesis
from schemathesis import Case, CheckContext, HookContext, Response
from schemathesis.generation import GenerationMode

from shared.clock import SystemClock

_PLACE = re.compile("00000000-0000-4000-8000-00000000000([0-3])")
_SLUG = re.compile("[a-z0-9][a-z0-9-]{0,80}")
_YEAR = re.compile(r"(birth_)?year(_from|_to)?")
_IDS: Mapping[str, list[str]] = json.loads(os.environ["IDS"])
"""By the name of the path parameter."""


_EVERYWHERE = {
    *("content-type", "content-length", "transfer-encoding", "date", "server", "connection", "vary"),
    *("x-content-type-options", "x-frame-options", "referrer-policy"),
    *("access-control-allow-origin", "access-control-expose-headers"),
}
"""Headers of the transport, of browsers' security and of shared caches; no part of an operation."""


@schemathesis.check
def every_header_is_published(context: CheckContext, response: Response, case: Case[Any]) -> None:
    """The other half of `response_headers_conformance`, which looks for what is published and missing."""
    published = case.operation.responses.get(str(response.status_code))
    if published is not None:
        names = {name.lower() for name in published.definition.get("headers", {})}
        unknown = set(response.headers) - _EVERYWHERE - names
        assert not unknown, f"{response.status_code} has headers that are not published: {sorted(unknown)}"


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: dict[str, Any]) -> None:
    """Years end some years from now, which a document that is the same every day cannot say."""
    now = SystemClock().now().year
    for parameter in _parameters(raw_schema):
        if _YEAR.fullmatch(parameter["name"]):
            parameter["schema"]["maximum"] = now if parameter["name"].startswith("birth") else now + 10


@schemathesis.hook
def filter_case(context: HookContext, case: Case[Any]) -> bool:
    """Only what can be told right from wrong by a schema.

    An empty value counts as absent; with `slugs` a list is read in bulk, by other parameters; no period ends before it starts.
    """
    query: Mapping[str, Any] = case.query or {}
    if any(value in ("", None) for value in query.values()) or (
        "slugs" in query and query.keys() - {"slugs", "include"}
    ):
        return False
    in_order = str(query.get("start_date", "")) <= str(query.get("end_date", "9999"))
    return in_order and (not _valid(case) or _sayable(query, case.body))


def _sayable(query: Mapping[str, Any], body: Any) -> bool:
    """Whether there is more to being valid than the schema says: no NUL, a cursor of ours, possible slugs."""
    possible = all(_SLUG.fullmatch(str(slug)) for slug in query.get("slugs", ()))
    return possible and "cursor" not in query and "\\x00" not in repr((query, body))


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Real ids, short waits, and an idempotency key for each request of its own."""
    parameters: dict[str, Any] = case.path_parameters
    for name, value in parameters.items():
        if found := _PLACE.fullmatch(str(value)):
            parameters[name] = _IDS[name][int(found[1]) % len(_IDS[name])]
    headers = cast("dict[str, str]", case.headers)
    if "Prefer" in headers:
        headers["Prefer"] = re.sub(r"wait=\d+", "wait=1", str(headers["Prefer"]))
    if "Idempotency-Key" in headers and _valid(case):
        request = (case.path, case.path_parameters, case.query, case.body)
        headers["Idempotency-Key"] = f"key-{zlib.crc32(repr(request).encode()):08x}"


def _valid(case: Case[Any]) -> bool:
    return case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE


def _parameters(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for operations in document["paths"].values():
        for operation in operations.values():
            yield from operation.get("parameters", ())
