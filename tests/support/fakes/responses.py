"""Finished responses in memory: pass the same contract as those in Redis."""

from gateway.read_ports import Entity, Representation, Wanted
from shared import cache_keys
from shared.cache import CachedResponse
from shared.entities import EntityKind
from shared.errors import Unavailable
from shared.testing.cache import FakeCache


class FakeResponses:
    """Implements `ResponseCache` and `Cache`."""

    def __init__(self, cache: FakeCache) -> None:
        self._cache = cache

    async def get(self, kind: EntityKind, slug: str, wanted: Wanted) -> Representation | None:
        cached = await self._cache.get(kind, slug, variant_of(wanted))
        return cached and Representation(cached.etag, cached.body)

    async def fill(self, entity: Entity, wanted: Wanted, representation: Representation) -> bool:
        response = CachedResponse(representation.etag, representation.body)
        return await self._cache.fill(entity.kind, entity.slug, variant_of(wanted), entity.version, response)

    async def ensure_invalidated(self, kind: EntityKind, slug: str, version: int) -> bool:
        try:
            await self._cache.invalidate(kind, slug, version)
        except Unavailable:
            return False
        return True


def variant_of(wanted: Wanted) -> str:
    """The field that an answer is kept in."""
    return cache_keys.variant(wanted.locale, str(wanted.text_id) if wanted.text_id else None)
