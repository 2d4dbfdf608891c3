"""An AI provider that answers as it was told to and keeps its own ledger of the calls it received."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from enum import Enum, auto
from uuid import UUID

from generator.ports import Answer, Call, Prompt, Spent
from shared.errors import Permanent, Transient, failure
from shared.jobs import Attempt, FailureType

TEXT = "The film tells the story of a man who learns that the world around him is a simulation: this is version"


class Mood(Enum):
    """What comes of the next call."""

    TEXT = auto()
    NONSENSE = auto()
    BROKEN = auto()
    THROTTLED = auto()
    SLOW = auto()
    REFUSAL = auto()


class Provider:
    """Implements `TextModel`. Every text is new. `billed` counts the calls of a job that may have been charged for."""

    def __init__(self, turn: Callable[[], Awaitable[None]]) -> None:
        self._turn = turn
        self.moods: list[Mood] = []
        self.billed: Counter[UUID] = Counter()
        self._written = 0

    def name(self, attempt: Attempt) -> str:
        return "provider"

    async def admitted(self, prompt: Prompt, attempt: Attempt) -> None:
        """At once."""

    async def write(self, prompt: Prompt, call: Call, *, deadline_s: float) -> tuple[Answer, Spent]:
        await self._turn()
        mood = self.moods.pop(0) if self.moods else Mood.TEXT
        if mood is Mood.THROTTLED:
            throttled = failure(FailureType.RATE_LIMITED, "throttled")
            raise Transient(throttled, retry_after_s=3.0, counted=False)
        self.billed[call.attempt.job_id] += 1
        await self._turn()
        self._written += 1
        match mood:
            case Mood.BROKEN:
                raise Transient(failure(FailureType.AI_API_ERROR, "the provider answered 500"))
            case Mood.SLOW:
                raise TimeoutError
            case Mood.REFUSAL:
                raise Permanent(failure(FailureType.AI_API_ERROR, "refused"))
            case Mood.NONSENSE:
                return Answer("nonsense", "stop", self.name(call.attempt)), Spent()
            case _:
                said = {"exists": True, "title": "The film", "year": None, "director": None}
                content = json.dumps(said | {"text": f"{TEXT} {self._written}."})
                return Answer(content, "stop", self.name(call.attempt)), Spent()
