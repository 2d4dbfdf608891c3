"""Answer a question about many entities from the cache, else once from the database for everybody who asks it."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from gateway.answer_ports import AnswerCache
from gateway.read_ports import Representation
from gateway.usecases.single_flight import SingleFlight
from shared.entities import EntityKind

Other = TypeVar("Other")


class RecallAnswer(Generic[Other]):
    """A kept answer costs one round trip to the cache and nothing else; a burst for one that is not kept costs one read of the database.

    Nobody gets an answer from before a change that was announced before he asked. That takes a `read` that sees one snapshot of the
    database, and shows only entities of the kind and those credited with them. What it returns that is no Representation, such as "there
    is no such entity", is of type `Other`, shared by those who ask at the same time and not kept.
    """

    def __init__(self, cache: AnswerCache) -> None:
        self._cache = cache
        self._reads: SingleFlight[Representation | Other] = SingleFlight()

    async def __call__(
        self, kind: EntityKind, question: str, read: Callable[[], Awaitable[Representation | Other]]
    ) -> Representation | Other:
        """`question` is canonical: whatever changes the answer is in it. Raises what `read` raises."""
        recalled = await self._cache.get(kind, question)
        if recalled.shown is not None:
            return recalled.shown
        return await self._reads((kind, question), lambda: self._read(kind, question, read))

    async def _read(
        self, kind: EntityKind, question: str, read: Callable[[], Awaitable[Representation | Other]]
    ) -> tuple[Representation | Other, bool]:
        before = await self._cache.get(kind, question)  # asked again: a read that has just ended may have filled it
        if before.shown is not None:
            return before.shown, False
        answer = await read()
        if before.generation is None:
            return answer, False
        if isinstance(answer, Representation):
            return answer, await self._cache.fill(kind, question, before.generation, answer)
        return answer, (await self._cache.get(kind, question)).generation == before.generation
