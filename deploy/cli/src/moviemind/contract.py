"""Whether clients of one OpenAPI document can go on with another.

What a client may send must still be taken, and what it may be answered must be no news to it: every request that the old document
describes is described by the new one, every answer of the new one by the old one. Two leniencies, both promised to clients as
compatible: answers may gain members and enum values.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any, cast

Schema = Mapping[str, Any]
_LOWEST = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_HIGHEST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_SAME = ("pattern", "format", "uniqueItems", "contentMediaType")


def incompatibilities(old: Schema, new: Schema) -> list[str]:
    """What breaks clients of `old`, one line each; empty when nothing does."""
    return list(_Comparison(old, new).run())


@dataclass(slots=True)
class _Comparison:
    old: Schema
    new: Schema

    def run(self) -> Iterator[str]:
        for path, operations in self.old["paths"].items():
            for method, before in operations.items():
                where, after = f"{method.upper()} {path}", self.new["paths"].get(path, {}).get(method)
                if after is None:
                    yield f"{where} is gone"
                else:
                    yield from (f"{where}: {line}" for line in self._operation(before, after))

    def _operation(self, before: Schema, after: Schema) -> Iterator[str]:
        yield from self._parameters(before, after)
        yield from self._security(before, after)
        yield from self._request_body(before.get("requestBody", {}), after.get("requestBody", {}))
        for status, answer in before["responses"].items():
            if status in after["responses"]:
                yield from (f"{status}: {line}" for line in self._answer(answer, after["responses"][status]))
            elif status < "400":
                yield f"{status} is gone"

    def _parameters(self, before: Schema, after: Schema) -> Iterator[str]:
        known, offered = (
            {(one["name"], one["in"]): one for one in side.get("parameters", ())} for side in (before, after)
        )
        for (name, place), parameter in offered.items():
            if parameter.get("required") and not known.get((name, place), {}).get("required"):
                yield f"{place} parameter {name} is required now"
        for (name, place), parameter in known.items():
            now = offered.get((name, place))
            if now is None:
                yield f"{place} parameter {name} is gone"
            else:
                if parameter.get("explode") != now.get("explode") or parameter.get("style") != now.get("style"):
                    yield f"{place} parameter {name} is written differently"
                yield from self._sent(f"{place} parameter {name}", parameter["schema"], now["schema"])

    def _security(self, before: Schema, after: Schema) -> Iterator[str]:
        known, sufficing = (cast("list[Schema]", side.get("security") or [{}]) for side in (before, after))
        for way in known:
            if not any(one.keys() <= way.keys() for one in sufficing):
                yield f"{' and '.join(way) or 'no credential'} does not suffice any more"

    def _request_body(self, before: Schema, after: Schema) -> Iterator[str]:
        if after.get("required") and not before.get("required"):
            yield "the body is required now"
        for media_type, content in before.get("content", {}).items():
            if media_type in after.get("content", {}):
                yield from self._sent("body", content["schema"], after["content"][media_type]["schema"])
            else:
                yield f"a body of {media_type} is not taken any more"

    def _answer(self, before: Schema, after: Schema) -> Iterator[str]:
        for name, header in before.get("headers", {}).items():
            now = after.get("headers", {}).get(name)
            if now is None:
                yield f"header {name} is gone"
            elif _resolved(self.old, header).get("required") and not _resolved(self.new, now).get("required"):
                yield f"header {name} may be missing now"
        for media_type, content in before.get("content", {}).items():
            if media_type in after.get("content", {}):
                schemas = after["content"][media_type]["schema"], content["schema"]
                yield from _Fit(self.new, self.old, answer=True).lines("body", *schemas)
            else:
                yield f"an answer of {media_type} is gone"

    def _sent(self, where: str, before: Schema, after: Schema) -> list[str]:
        return _Fit(self.old, self.new, answer=False).lines(where, before, after)


@dataclass(slots=True)
class _Fit:
    """Whether all that a schema of `inner` describes, one of `outer` does. A pair of references is compared once; a cycle fits."""

    inner: Schema
    outer: Schema
    answer: bool
    _known: dict[tuple[str, str], list[str]] = field(default_factory=dict[tuple[str, str], list[str]])

    def lines(self, where: str, inner: Schema, outer: Schema) -> list[str]:
        pair = inner.get("$ref", ""), outer.get("$ref", "")
        if all(pair) and pair in self._known:
            return self._known[pair]
        found: list[str] = []
        self._known[pair] = found
        wider = list(_alternatives(self.outer, outer))
        for one in _alternatives(self.inner, inner):
            alike = sorted(wider, key=lambda other: other.get("type") != one.get("type"))
            found += min((list(self._one(where, one, other)) for other in alike), key=len)
        found[:] = dict.fromkeys(found)
        return found

    def _one(self, where: str, inner: Schema, outer: Schema) -> Iterator[str]:
        """Two schemas without alternatives."""
        kind, wanted = inner.get("type"), outer.get("type")
        if wanted not in {None, kind} and (kind, wanted) != ("integer", "number"):
            yield f"{where} may be {kind or 'anything'} now" if self.answer else f"{where} has to be {wanted} now"
            return
        if (
            "enum" in outer
            and not self.answer
            and not set(map(str, inner.get("enum", "?"))) <= set(map(str, outer["enum"]))
        ):
            yield f"{where} takes fewer values"
        for names, sign in ((_LOWEST, 1), (_HIGHEST, -1)):
            for name in names:
                if name in outer and (name not in inner or sign * inner[name] < sign * outer[name]):
                    yield f"{where} has another {name}"
        yield from (f"{where} has another {name}" for name in _SAME if name in outer and inner.get(name) != outer[name])
        yield from self._members(where, inner, outer)
        if "items" in inner and "items" in outer:
            yield from self.lines(f"{where}[]", inner["items"], outer["items"])

    def _members(self, where: str, inner: Schema, outer: Schema) -> Iterator[str]:
        mine: Schema = inner.get("properties", {})
        theirs: Schema = outer.get("properties", {})
        for name in outer.get("required", ()):
            if name not in inner.get("required", ()):
                yield f"{where}.{name} {'may be missing' if self.answer else 'is required'} now"
        lost = theirs.keys() - mine.keys() if self.answer else mine.keys() - theirs.keys()
        yield from (f"{where}.{name} is gone" for name in sorted(lost))
        for name in sorted(mine.keys() & theirs.keys()):
            yield from self.lines(f"{where}.{name}", mine[name], theirs[name])
        more, allowed = (side.get("additionalProperties", True) for side in (inner, outer))
        if allowed is False and more is not False and not self.answer:
            yield f"{where} takes no other members now"
        if isinstance(more, Mapping) and isinstance(allowed, Mapping):
            yield from self.lines(f"{where}.*", cast("Schema", more), cast("Schema", allowed))


def _resolved(document: Schema, schema: Schema) -> Schema:
    while "$ref" in schema:
        found: Any = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        schema = {**found, **{name: value for name, value in schema.items() if name != "$ref"}}
    return schema


def _alternatives(document: Schema, schema: Schema) -> Iterator[Schema]:
    """The schemas without `anyOf`, `oneOf`, `allOf` and lists of types that together describe the same."""
    schema = _resolved(document, schema)
    if "const" in schema:
        schema = {**schema, "enum": [schema["const"]]}
    groups = [schema[name] for name in ("anyOf", "oneOf") if name in schema] + [
        [part] for part in schema.get("allOf", ())
    ]
    if isinstance(schema.get("type"), list):
        groups.append([{"type": kind} for kind in schema["type"]])
    if not groups:
        yield schema
        return
    own = {name: value for name, value in schema.items() if name not in {"anyOf", "oneOf", "allOf"}}
    own |= {"type": None} if isinstance(own.get("type"), list) else {}
    for parts in product(*groups):
        merged: dict[str, Any] = own
        for part in parts:
            merged = _merged(merged, _resolved(document, part))
        yield from _alternatives(document, merged)


def _merged(one: Schema, other: Schema) -> dict[str, Any]:
    required = [*one.get("required", ()), *other.get("required", ())]
    properties = {**one.get("properties", {})}
    for name, schema in other.get("properties", {}).items():
        properties[name] = {"allOf": [properties[name], schema]} if name in properties else schema
    joined = {**one, **other}
    return joined | ({"properties": properties} if properties else {}) | ({"required": required} if required else {})
