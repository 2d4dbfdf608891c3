"""The versioned cache in memory: passes the same contract as Redis."""

from collections.abc import Awaitable, Callable

from shared.cache import CachedResponse
from shared.entities import EntityKind
from shared.errors import Unavailable
from shared.testing.database import at_once


class FakeCache:
    """`away` makes it behave as Redis does when it cannot be reached. `turn` is awaited before every call."""

    def __init__(self, turn: Callable[[], Awaitable[None]] = at_once) -> None:
        self._turn = turn
        self.away = False
        self.bodies: dict[tuple[EntityKind, str], dict[str, CachedResponse]] = {}
        self.versions: dict[tuple[EntityKind, str], int] = {}

    def forget(self) -> None:
        """Keep nothing of what is kept."""
        self.bodies.clear()
        self.versions.clear()

    async def get(self, kind: EntityKind, slug: str, variant: str) -> CachedResponse | None:
        await self._turn()
        return None if self.away else self.bodies.get((kind, slug), {}).get(variant)

    async def fill(self, kind: EntityKind, slug: str, variant: str, version: int, response: CachedResponse) -> bool:
        await self._turn()
        if self.away or version < self.versions.get((kind, slug), 0):
            return False
        self._announce(kind, slug, version)
        self.bodies.setdefault((kind, slug), {})[variant] = response
        return True

    async def invalidate(self, kind: EntityKind, slug: str, version: int) -> bool:
        await self._turn()
        if self.away:
            raise Unavailable("redis")
        return self._announce(kind, slug, version)

    def _announce(self, kind: EntityKind, slug: str, version: int) -> bool:
        if version <= self.versions.get((kind, slug), 0):
            return False
        self.versions[kind, slug] = version
        self.bodies.pop((kind, slug), None)
        return True
