"""Finished answers about many entities in memory: pass the same contract as those in Redis."""

from gateway.answer_ports import Recalled
from gateway.read_ports import Representation
from shared.cache import CachedResponse
from shared.entities import EntityKind
from shared.testing.cache import FakeCache


class FakeAnswers:
    """Implements `AnswerCache`."""

    def __init__(self, cache: FakeCache) -> None:
        self._cache = cache

    async def get(self, kind: EntityKind, question: str) -> Recalled:
        kept = await self._cache.get_answer(kind, question)
        return Recalled(kept.response and Representation(kept.response.etag, kept.response.body), kept.generation)

    async def fill(self, kind: EntityKind, question: str, generation: str, shown: Representation) -> bool:
        return await self._cache.keep_answer(kind, question, generation, CachedResponse(shown.etag, shown.body))
