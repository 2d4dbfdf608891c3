"""Calls to a model in memory: a journal that passes the same contract as PostgreSQL, and a model that says what it was told to."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from generator.ports import Answer, Budget, Call, Cap, Prompt, Spent, Step, Tariff
from shared import ids
from shared.errors import LeaseLost, Transient, failure
from shared.jobs import Attempt, Failure, FailureType
from shared.testing.database import FakeDatabase
from shared.testing.rows import CallRow


class FakeCallJournal:
    """Implements `CallJournal`."""

    def __init__(self, database: FakeDatabase, *, budget: Budget | None = None, tariff: Tariff | None = None) -> None:
        self._database = database
        self._budget = budget or Budget()
        self._tariff = tariff

    async def begin(self, attempt: Attempt, prompt: Prompt, model: str, step: Step) -> Answer | Call | None:
        reserved_usd = (self._tariff.most_usd(prompt, model) if self._tariff else None) or Decimal(0)

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
            if not _allows(self._budget.job, calls, reserved_usd):
                return None
            self._check_the_day(job.caller, reserved_usd)
            now = self._database.clock.now()
            row = CallRow(
                ids.row_id(), job.id, attempt.number, prompt.hash, step, started_at=now, reserved_usd=reserved_usd
            )
            self._database.calls[row.id] = row
            return Call(row.id, attempt, max((job.deadline_at - now).total_seconds(), 0.0))

        return await self._database.run(work)

    async def answered(self, call: Call, answer: Answer, spent: Spent) -> None:
        raw = {"content": answer.content, "finish_reason": answer.finish_reason, "model": answer.model}
        await self._end(call, "ok", json.dumps(raw), spent.cost_usd)

    async def failed(self, call: Call, failure: Failure, *, counted: bool = True) -> None:
        await self._end(call, "error" if counted else "throttled")

    async def rejected(self, attempt: Attempt, prompt: Prompt, problems: Sequence[str]) -> None:
        async def work() -> None:
            for call in self._of(attempt.job_id):
                if call.prompt_hash == prompt.hash and call.outcome == "ok":
                    self._database.calls[call.id] = replace(call, problems=tuple(problems))

        await self._database.run(work)

    async def _end(self, call: Call, outcome: str, answer: str | None = None, cost_usd: Decimal | None = None) -> None:
        async def work() -> None:
            row = self._database.calls[call.id]
            if row.outcome == "unknown":
                self._database.calls[call.id] = replace(row, outcome=outcome, answer=answer, cost_usd=cost_usd)

        await self._database.run(work)

    def _check_the_day(self, caller: str, reserved_usd: Decimal) -> None:
        if self._database.ai_stopped:
            stopped = failure(FailureType.TIMEOUT, "an operator has stopped all AI calls")
            raise Transient(stopped, retry_after_s=5.0, counted=False)
        now = self._database.clock.now()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        today = [call for call in self._database.calls.values() if call.started_at and call.started_at >= midnight]
        his = [call for call in today if self._database.jobs[call.job_id].caller == caller]
        allowed = _allows(self._budget.caller, his, reserved_usd) and _allows(
            self._budget.everything, today, reserved_usd
        )
        if not allowed:
            spent = failure(FailureType.BUDGET_EXHAUSTED, "the AI budget of the day is spent")
            renews_in_s = (midnight + timedelta(days=1) - now).total_seconds()
            raise Transient(spent, retry_after_s=renews_in_s, counted=False)

    def _of(self, job_id: UUID) -> list[CallRow]:
        """The calls of a job, the latest first."""
        return [call for call in reversed(self._database.calls.values()) if call.job_id == job_id]


def _allows(cap: Cap, calls: Sequence[CallRow], reserved_usd: Decimal) -> bool:
    """Whether one more call fits beside `calls`."""
    counted = sum(call.outcome != "throttled" for call in calls) + 1
    charged_usd = sum((call.charged_usd for call in calls), reserved_usd)
    return (cap.calls is None or counted <= cap.calls) and (cap.usd is None or charged_usd <= cap.usd)


@dataclass(slots=True)
class ScriptedModel:
    """Implements `TextModel`: gives its answers in order, raises those that are errors, and keeps what it was asked.

    `admission` is raised instead of a call being admitted.
    """

    answers: Sequence[Answer | Exception]
    asked: list[tuple[Prompt, float]] = field(default_factory=list[tuple[Prompt, float]])
    admission: Exception | None = None

    def name(self, attempt: Attempt) -> str:
        return "scripted"

    async def admitted(self, prompt: Prompt, attempt: Attempt) -> None:
        if self.admission is not None:
            raise self.admission

    async def write(self, prompt: Prompt, call: Call, *, deadline_s: float) -> tuple[Answer, Spent]:
        answer = self.answers[len(self.asked)]
        self.asked.append((prompt, deadline_s))
        if isinstance(answer, Exception):
            raise answer
        return answer, Spent(10, 20)
