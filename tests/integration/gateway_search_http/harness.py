"""What the tests of searching over HTTP hold in their hands."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import httpx
from tests.integration.gateway_search.library import Library
from tests.support.sandbox import Sandbox

from shared.cache import RedisCache
from shared.entities import KINDS, EntityKind

BASE = "https://api.moviemind.example"


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running gateway, what it finds stored, and the catalogue it asks."""

    http: httpx.AsyncClient
    library: Library
    cache: RedisCache
    sandbox: Sandbox

    async def search(self, kind: EntityKind, **parameters: Any) -> httpx.Response:
        return await self.http.get(f"/api/v1/{KINDS[kind].path}/search", params=parameters)

    async def find(self, kind: EntityKind, **parameters: Any) -> Any:
        """The document of a search that finds something."""
        answer = await self.search(kind, **parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def names(self, kind: EntityKind, **parameters: Any) -> list[str]:
        """What is found, in order."""
        found = await self.find(kind, **parameters)
        return [item[KINDS[kind].title] for item in found["results"]]

    async def searches(self) -> int:
        """How many searches the catalogue was asked for."""
        return sum("/search/" in call["path"] for call in await self.sandbox.calls("tmdb"))


Running = Callable[..., AbstractAsyncContextManager[Gateway]]
"""Starts a gateway with the settings and flags it is given."""
