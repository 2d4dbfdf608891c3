"""What every view of TMDb shares: the form of a view, its errors and its pages."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request

from sandbox.tmdb.mapping import Mapping

PAGE_SIZE = 20


class TmdbError(Exception):
    """An answer of TMDb that is no success; `code` is TMDb's status code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


View = Callable[[Request, Mapping], dict[str, Any]]


def paged(request: Request, items: list[Any], size: int = PAGE_SIZE) -> dict[str, Any]:
    """One page of `items`; TmdbError 22 outside of pages 1 to 500."""
    page = request.query_params.get("page", "1")
    if not page.isdecimal() or not 1 <= int(page) <= 500:
        raise TmdbError(22)
    start = (int(page) - 1) * size
    pages = (len(items) + size - 1) // size
    shown = items[start : start + size]
    return {"page": int(page), "results": shown, "total_pages": pages, "total_results": len(items)}
