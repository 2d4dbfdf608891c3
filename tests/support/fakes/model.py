"""Calls to a model in memory: a journal that passes the same contract as PostgreSQL, and a model that says what it was told to."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from uuid import UUID

from generator.ports import Answer, Call, Prompt, Spent, Step
from shared import ids
from shared.errors import LeaseLost
from shared.jobs import Attempt, Failure
from shared.testing.database import FakeDatabase
from shared.testing.rows import CallRow


class FakeCallJournal:
    """Implements `CallJournal`."""

    def __init__(self, database: FakeDatabase) -> None:
        self._database = database

    async def begin(self, attempt: Attempt, prompt: Prompt, model: str, step: Step) -> Answer | Call | None:
        async def work() -> Answer | Call | None:
            job = self._database.held(attempt)
            if job is None:
                raise LeaseLost(str(attempt.job_id))
            calls = self._of(job.id)
            equal = (call.answer for call in calls if call.prompt_hash == prompt.hash)
            if (raw := next((answer for answer in equal if answer is not None), None)) is not None:
                return Answer(**json.loads(raw))
            if sum(call.outcome != "throttled" and call.step == step for call in calls) >= attempt.max_attempts:
                return None
            left_s = (job.deadline_at - self._database.clock.now()).total_seconds()
            row = CallRow(ids.row_id(), job.id, attempt.number, prompt.hash, step)
            self._database.calls[row.id] = row
            return Call(row.id, attempt, max(left_s, 0.0))

        return await self._database.run(work)

    async def answered(self, call: Call, answer: Answer, spent: Spent) -> None:
        await self._end(call, "ok", json.dumps(asdict(answer)))

    async def failed(self, call: Call, failure: Failure, *, counted: bool = True) -> None:
        await self._end(call, "error" if counted else "throttled")

    async def _end(self, call: Call, outcome: str, answer: str | None = None) -> None:
        async def work() -> None:
            row = self._database.calls[call.id]
            self._database.calls[call.id] = replace(row, outcome=outcome, answer=answer)

        await self._database.run(work)

    def _of(self, job_id: UUID) -> list[CallRow]:
        """The calls of a job, the latest first."""
        return [call for call in reversed(self._database.calls.values()) if call.job_id == job_id]


@dataclass(slots=True)
class ScriptedModel:
    """Implements `TextModel`: gives its answers in order, raises those that are errors, and keeps what it was asked."""

    answers: Sequence[Answer | Exception]
    asked: list[tuple[Prompt, float]] = field(default_factory=list[tuple[Prompt, float]])

    @property
    def name(self) -> str:
        return "scripted"

    async def write(self, prompt: Prompt, call: Call, *, deadline_s: float) -> tuple[Answer, Spent]:
        answer = self.answers[len(self.asked)]
        self.asked.append((prompt, deadline_s))
        if isinstance(answer, Exception):
            raise answer
        return answer, Spent(10, 20)
