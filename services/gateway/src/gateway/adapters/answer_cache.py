"""Finished answers about many entities, in Redis."""

from gateway.answer_ports import Recalled
from gateway.read_ports import Representation
from shared.cache import CachedResponse, RedisCache
from shared.entities import EntityKind


class RedisAnswerCache:
    """Implements `AnswerCache`."""

    def __init__(self, cache: RedisCache) -> None:
        self._cache = cache

    async def get(self, kind: EntityKind, question: str) -> Recalled:
        """One round trip."""
        kept = await self._cache.get_answer(kind, question)
        shown = kept.response and Representation(kept.response.etag, kept.response.body)
        return Recalled(shown, kept.generation)

    async def fill(self, kind: EntityKind, question: str, generation: str, shown: Representation) -> bool:
        return await self._cache.keep_answer(kind, question, generation, CachedResponse(shown.etag, shown.body))
