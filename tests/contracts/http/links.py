"""The links in an answer, found by walking it: headers, addresses under whatever name, further pages, promised slugs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

import httpx

from shared.entities import KINDS, EntityKind

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Link:
    """`found` says where it was first seen."""

    method: str
    url: str
    found: str


def media_type(answer: httpx.Response) -> str:
    return str(answer.headers.get("content-type", "")).partition(";")[0]


def links_of(answer: httpx.Response) -> Iterator[Link]:
    """Headers first, then the document from top to bottom."""
    source = f"{answer.request.method} {answer.url}"
    for name in ("Location", "Content-Location"):
        if name in answer.headers:
            yield Link("GET", str(answer.url.join(answer.headers[name])), f"{name} of {source}")
    if media_type(answer).endswith("json"):
        document = answer.json()
        for path, url, method in _Reader(answer.url, _entities(answer.url, document)).links("$", document, _NOTHING):
            yield Link(method, url, f"{path} of {source}")


def _entities(url: httpx.URL, document: Mapping[str, Any]) -> str:
    """Where entities of the kind that a document is about are: its address says so, or the `entity` of a job."""
    kinds = (kind for kind, names in KINDS.items() if url.path.startswith(f"/api/v1/{names.path}"))
    kind = next(kinds, None) or (EntityKind(document["entity"]) if "entity" in document else None)
    return str(url.join(f"/api/v1/{KINDS[kind].path}")) if kind else ""


@dataclass(frozen=True, slots=True)
class _Reader:
    """`entities` is the address below which the slugs of the document are. Yields (where, url, method)."""

    url: httpx.URL
    entities: str

    def links(self, where: str, value: Any, members: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
        if isinstance(value, str) and value.startswith(str(self.url.join("/"))):
            yield where, value, members.get("method", "GET")
        elif isinstance(value, list):
            for index, item in enumerate(cast("list[Any]", value)):
                yield from self.links(f"{where}[{index}]", item, _NOTHING)
        elif isinstance(value, dict):
            document = cast("dict[str, Any]", value)
            for name, item in document.items():
                yield from self.links(f"{where}.{name}", item, document)
            for slug in _promised(document):
                yield f"{where}, suggested", f"{self.entities}/{slug}", "GET"
            for page in self._pages(document.get("pagination", _NOTHING)):
                yield f"{where}.pagination", str(page), "GET"

    def _pages(self, pagination: Mapping[str, Any]) -> Iterator[httpx.URL]:
        """The page after this one, by its cursor and by its number."""
        if cursor := pagination.get("next_cursor"):
            yield self.url.copy_remove_param("page").copy_set_param("cursor", cursor)
        if pagination.get("has_next_page") and "cursor" not in self.url.params:
            yield self.url.copy_set_param("page", pagination["current_page"] + 1)


def _promised(document: Mapping[str, Any]) -> Iterator[str]:
    yield from (suggestion["slug"] for suggestion in document.get("suggested_slugs", ()))
    if "suggested_slug" in document:
        yield document["suggested_slug"]
