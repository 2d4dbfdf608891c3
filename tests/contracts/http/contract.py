"""The published contract as a judge of answers."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx
from jsonschema import Draft202012Validator

from gateway.app import openapi_document

_FORMATS = Draft202012Validator.FORMAT_CHECKER


@dataclass(frozen=True, slots=False)
class Contract:
    document: Mapping[str, Any]

    @cached_property
    def _templates(self) -> list[tuple[re.Pattern[str], str]]:
        """Addresses by pattern; a literal one is found before one with parameters."""
        ordered = sorted(self.document["paths"], key=lambda path: path.count("{"))
        return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), path) for path in ordered]

    def methods(self, path: str) -> Mapping[str, Any]:
        """The operations of an address, by method in capitals; none when it is not published."""
        template = next((template for pattern, template in self._templates if pattern.fullmatch(path)), None)
        operations = self.document["paths"].get(template, {})
        return {method.upper(): operation for method, operation in operations.items()}

    def deviations(self, answer: httpx.Response) -> list[str]:
        """What of `answer` is not as published: its status, its media type, its body, its headers."""
        request = answer.request
        operation = self.methods(request.url.path).get(request.method)
        if operation is None:
            return [f"{request.method} {request.url.path} is not published"]
        stated = operation["responses"].get(str(answer.status_code))
        if stated is None:
            return [f"status {answer.status_code} is not published"]
        return [*self._headers(stated, answer), *self._body(stated, answer)]

    def _headers(self, stated: Mapping[str, Any], answer: httpx.Response) -> Iterator[str]:
        for name, header in stated.get("headers", {}).items():
            if "$ref" in header:
                header = self.document["components"]["headers"][name]  # noqa: PLW2901 (what it refers to)
            if header.get("required") and name not in answer.headers:
                yield f"header {name} is missing"

    def _body(self, stated: Mapping[str, Any], answer: httpx.Response) -> Iterator[str]:
        media_type = answer.headers.get("content-type", "").partition(";")[0]
        content: Mapping[str, Any] = stated.get("content", {})
        if media_type not in content and (media_type or content):
            yield f"media type {media_type or 'none'} is not one of {sorted(content)}"
        elif media_type.endswith("json"):
            schema = {**content[media_type]["schema"], "components": self.document["components"]}
            for error in Draft202012Validator(schema, format_checker=_FORMATS).iter_errors(answer.json()):  # pyright: ignore[reportUnknownMemberType] (its stubs)
                yield f"{error.json_path}: {error.message[:300]}"


def published() -> Contract:
    """The contract of the code as it is."""
    return Contract(openapi_document())
