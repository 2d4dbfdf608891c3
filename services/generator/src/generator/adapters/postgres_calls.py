"""The journal of AI calls in PostgreSQL."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from uuid import UUID

import orjson
from sqlalchemy import RowMapping

from generator.adapters.call_statements import (
    BEGIN,
    BEGUN,
    BY_ALL,
    BY_CALLER,
    END,
    OPEN_BOOKS,
    REJECT,
    STOPPED,
    UNBOOKED,
)
from generator.adapters.kill_switch import KillSwitch
from generator.ports import Answer, Budget, Call, Prompt, Spent, Step, Tariff
from shared import ids
from shared.batching import Batches
from shared.db.engine import Database
from shared.errors import LeaseLost, MovieMindError, Transient, Unavailable, failure
from shared.jobs import Attempt, Failure, FailureType

MAX_TOGETHER = 64
MAX_OPENINGS = 3
"""Books are opened for a day; the day may turn in between."""
STOPPED_RETRY_S = 5.0
_MICRO_USD = Decimal("0.000001")
"""What is written down and what the books add up must be the same number."""
_Begun = Answer | Call | MovieMindError | None


@dataclass(frozen=True, slots=True)
class _Wish:
    """A call that an attempt wants to make."""

    id: UUID
    attempt: Attempt
    prompt: Prompt
    model: str
    step: Step


class PostgresCallJournal:
    """Implements `CallJournal`. What the attempts of one worker write at the same moment is one statement.

    Without a `tariff` calls are counted and cost nothing. `switch` hears when calls turn out to be stopped.
    """

    def __init__(
        self,
        database: Database,
        *,
        budget: Budget | None = None,
        tariff: Tariff | None = None,
        switch: KillSwitch | None = None,
    ) -> None:
        self._database = database
        self._caps = _caps(budget or Budget())
        self._tariff = tariff
        self._switch = switch
        self._begun = Batches(self._begin_all, limit=MAX_TOGETHER)
        self._ended = Batches(self._end_all, limit=MAX_TOGETHER)
        self._rejected = Batches(self._reject_all, limit=MAX_TOGETHER)

    async def begin(self, attempt: Attempt, prompt: Prompt, model: str, step: Step) -> Answer | Call | None:
        begun = await self._begun(_Wish(ids.row_id(), attempt, prompt, model, step))
        if isinstance(begun, MovieMindError):
            raise begun
        return begun

    async def answered(self, call: Call, answer: Answer, spent: Spent) -> None:
        raw = {"content": answer.content, "finish_reason": answer.finish_reason, "model": answer.model}
        ended = {
            "id": call.id,
            "outcome": "ok",
            "raw_answer": json.dumps(raw),
            "data_format": answer.data_format,
            "prompt_tokens": spent.prompt_tokens,
            "completion_tokens": spent.completion_tokens,
            "cost_usd": None if spent.cost_usd is None else str(spent.cost_usd),
        }
        await self._ended(ended)

    async def failed(self, call: Call, failure: Failure, *, counted: bool = True) -> None:
        outcome = "error" if counted else "throttled"
        ended = {"id": call.id, "outcome": outcome, "error": failure.technical_message, "error_code": failure.type}
        await self._ended(ended)

    async def rejected(self, attempt: Attempt, prompt: Prompt, problems: Sequence[str]) -> None:
        await self._rejected({"job_id": attempt.job_id, "prompt_hash": prompt.hash, "problems": list(problems)})

    async def _begin_all(self, wishes: Sequence[_Wish]) -> list[_Begun]:
        begun: dict[UUID, _Begun] = {}
        waiting = list(wishes)
        for _ in range(MAX_OPENINGS):
            asked = {"rows": _json([self._row(wish) for wish in waiting]), **self._caps}
            found = {row["id"]: row for row in (await self._database.write(BEGIN, asked)).mappings()}
            begun |= {wish.id: self._outcome(wish, found.get(wish.id)) for wish in waiting}
            waiting = [wish for wish in waiting if wish.id in found and found[wish.id]["verdict"] == UNBOOKED]
            if not waiting:
                break
            await self._database.write(OPEN_BOOKS, {"job_ids": [wish.attempt.job_id for wish in waiting]})
        return [begun[wish.id] for wish in wishes]

    def _row(self, wish: _Wish) -> Mapping[str, object]:
        most_usd = (self._tariff.most_usd(wish.prompt, wish.model) if self._tariff else None) or Decimal(0)
        return {
            "id": wish.id,
            "job_id": wish.attempt.job_id,
            "number": wish.attempt.number,
            "token": wish.attempt.token,
            "max_attempts": wish.attempt.max_attempts,
            "model": wish.model,
            "step": wish.step,
            "prompt_hash": wish.prompt.hash,
            "prompt_version": wish.prompt.version,
            "reserved_usd": str(most_usd.quantize(_MICRO_USD, ROUND_CEILING)),
        }

    def _outcome(self, wish: _Wish, row: RowMapping | None) -> _Begun:
        if row is None:
            return LeaseLost(str(wish.attempt.job_id))
        if row["raw_answer"] is not None:
            return Answer(**json.loads(row["raw_answer"]))
        verdict = row["verdict"]
        if verdict is None:
            return None
        if verdict == BEGUN:
            return Call(wish.id, wish.attempt, max(float(row["left_s"]), 0.0))
        if verdict == STOPPED:
            if self._switch is not None:
                self._switch.stopped()
            return Transient(_STOPPED, retry_after_s=STOPPED_RETRY_S, counted=False)
        if verdict in _EXHAUSTED:
            return Transient(_EXHAUSTED[verdict], retry_after_s=float(row["renews_in_s"]), counted=False)
        return Unavailable("postgres")  # its book was opened for a day that has ended meanwhile

    async def _end_all(self, ended: Sequence[Mapping[str, object]]) -> list[None]:
        await self._database.write(END, {"rows": _json(ended)})
        return [None] * len(ended)

    async def _reject_all(self, rejected: Sequence[Mapping[str, object]]) -> list[None]:
        await self._database.write(REJECT, {"rows": _json(rejected)})
        return [None] * len(rejected)


_STOPPED = failure(FailureType.TIMEOUT, "an operator has stopped all AI calls")
_EXHAUSTED = {
    BY_CALLER: failure(FailureType.BUDGET_EXHAUSTED, "the caller's AI budget of the day is spent"),
    BY_ALL: failure(FailureType.BUDGET_EXHAUSTED, "the AI budget of the day is spent"),
}


def _caps(budget: Budget) -> Mapping[str, object]:
    caps = {"job": budget.job, "caller": budget.caller, "all": budget.everything}
    return {f"{scope}_usd": cap.usd for scope, cap in caps.items()} | {
        f"{scope}_calls": cap.calls for scope, cap in caps.items()
    }


def _json(rows: Sequence[object]) -> str:
    return orjson.dumps(rows, default=str).decode()
