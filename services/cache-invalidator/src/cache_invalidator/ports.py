"""What invalidating needs of the outside world."""

from typing import Protocol

from shared.entities import EntityKind


class Cache(Protocol):
    async def invalidate(self, kind: EntityKind, slug: str, version: int) -> bool:
        """From now on no response older than `version` is served; False when that already held. Raises Unavailable("redis")."""
        ...
