"""The versioned cache in memory: passes the same contract as Redis."""

from collections.abc import Awaitable, Callable
from itertools import count

from shared.cache import MAX_ANSWER_BYTES, CachedResponse, KeptAnswer, shown_in
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
        self.answers: dict[tuple[EntityKind, str], tuple[str, CachedResponse]] = {}
        self.generations: dict[EntityKind, str] = {}
        self.told: dict[tuple[EntityKind, str], int] = {}
        self._numbers = count()

    def forget(self) -> None:
        """Keep nothing of what is kept."""
        self.bodies.clear()
        self.versions.clear()
        self.answers.clear()
        self.generations.clear()
        self.told.clear()

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
        if version > self.told.get((kind, slug), 0):
            self.told[kind, slug] = version
            self.generations |= dict.fromkeys(shown_in(kind), self._new_generation())
        return self._announce(kind, slug, version)

    async def get_answer(self, kind: EntityKind, question: str) -> KeptAnswer:
        await self._turn()
        if self.away:
            return KeptAnswer()
        present = self.generations.setdefault(kind, self._new_generation())
        generation, response = self.answers.get((kind, question), (None, None))
        return KeptAnswer(response if generation == present else None, present)

    async def keep_answer(self, kind: EntityKind, question: str, generation: str, response: CachedResponse) -> bool:
        await self._turn()
        too_long = len(generation) + 1 + len(response.pack()) > MAX_ANSWER_BYTES
        if self.away or too_long or self.generations.get(kind) != generation:
            return False
        self.answers[kind, question] = generation, response
        return True

    def _new_generation(self) -> str:
        return str(next(self._numbers))

    def _announce(self, kind: EntityKind, slug: str, version: int) -> bool:
        if version <= self.versions.get((kind, slug), 0):
            return False
        self.versions[kind, slug] = version
        self.bodies.pop((kind, slug), None)
        return True
