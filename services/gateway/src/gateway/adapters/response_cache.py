"""Finished responses in Redis."""

from gateway.read_ports import Entity, Representation, Wanted
from shared import cache_keys
from shared.cache import CachedResponse, RedisCache
from shared.entities import EntityKind
from shared.errors import Unavailable


class RedisResponseCache:
    """Implements `ResponseCache` and `Cache`. While Redis is away nothing is found, kept or invalidated, and nothing fails."""

    def __init__(self, cache: RedisCache) -> None:
        self._cache = cache

    async def get(self, kind: EntityKind, slug: str, wanted: Wanted) -> Representation | None:
        """One round trip."""
        cached = await self._cache.get(kind, slug, _variant(wanted))
        return None if cached is None else Representation(cached.etag, cached.body)

    async def fill(self, entity: Entity, wanted: Wanted, representation: Representation) -> bool:
        response = CachedResponse(representation.etag, representation.body)
        return await self._cache.fill(entity.kind, entity.slug, _variant(wanted), entity.version, response)

    async def ensure_invalidated(self, kind: EntityKind, slug: str, version: int) -> bool:
        try:
            await self._cache.invalidate(kind, slug, version)
        except Unavailable:
            return False  # reads come from PostgreSQL meanwhile; the invalidator repeats this from its queue
        return True


def _variant(wanted: Wanted) -> str:
    return cache_keys.variant(wanted.locale, str(wanted.text_id) if wanted.text_id else None)
