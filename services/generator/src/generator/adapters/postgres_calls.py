"""The journal of AI calls in PostgreSQL."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson
from sqlalchemy import RowMapping, text

from generator.ports import Answer, Call, Prompt, Spent, Step
from shared import ids
from shared.batching import Batches
from shared.db.engine import Database
from shared.errors import LeaseLost
from shared.jobs import Attempt, Failure

MAX_TOGETHER = 64


@dataclass(frozen=True, slots=True)
class _Wish:
    """A call that an attempt wants to make."""

    id: UUID
    attempt: Attempt
    prompt: Prompt
    model: str
    step: Step


class PostgresCallJournal:
    """Implements `CallJournal`. What the attempts of one worker write at the same moment is one statement."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._begun = Batches(self._begin_all, limit=MAX_TOGETHER)
        self._ended = Batches(self._end_all, limit=MAX_TOGETHER)

    async def begin(self, attempt: Attempt, prompt: Prompt, model: str, step: Step) -> Answer | Call | None:
        begun = await self._begun(_Wish(ids.row_id(), attempt, prompt, model, step))
        if isinstance(begun, LeaseLost):
            raise begun
        return begun

    async def answered(self, call: Call, answer: Answer, spent: Spent) -> None:
        raw = {"content": answer.content, "finish_reason": answer.finish_reason, "model": answer.model}
        ended = {
            "id": call.id,
            "outcome": "ok",
            "raw_answer": json.dumps(raw),
            "prompt_tokens": spent.prompt_tokens,
            "completion_tokens": spent.completion_tokens,
            "cost_usd": None if spent.cost_usd is None else str(spent.cost_usd),
        }
        await self._ended(ended)

    async def failed(self, call: Call, failure: Failure, *, counted: bool = True) -> None:
        outcome = "error" if counted else "throttled"
        await self._ended({"id": call.id, "outcome": outcome, "error": failure.technical_message})

    async def _begin_all(self, wishes: Sequence[_Wish]) -> list[Answer | Call | LeaseLost | None]:
        rows = [
            {
                "id": wish.id,
                "job_id": wish.attempt.job_id,
                "number": wish.attempt.number,
                "token": wish.attempt.token,
                "max_attempts": wish.attempt.max_attempts,
                "model": wish.model,
                "step": wish.step,
                "prompt_hash": wish.prompt.hash,
                "prompt_version": wish.prompt.version,
            }
            for wish in wishes
        ]
        begun = (await self._database.write(_BEGIN, {"rows": _json(rows)})).mappings().all()
        found = {row["id"]: row for row in begun}
        return [_begun(wish, found.get(wish.id)) for wish in wishes]

    async def _end_all(self, ended: Sequence[Mapping[str, object]]) -> list[None]:
        await self._database.write(_END, {"rows": _json(ended)})
        return [None] * len(ended)


def _begun(wish: _Wish, row: RowMapping | None) -> Answer | Call | LeaseLost | None:
    if row is None:
        return LeaseLost(str(wish.attempt.job_id))
    if row["raw_answer"] is not None:
        return Answer(**json.loads(row["raw_answer"]))
    return Call(wish.id, wish.attempt, max(float(row["left_s"]), 0.0)) if row["written"] else None


def _json(rows: Sequence[object]) -> str:
    return orjson.dumps(rows, default=str).decode()


_BEGIN = text(
    """
    WITH asked AS (
        SELECT * FROM jsonb_to_recordset(CAST(CAST(:rows AS text) AS jsonb)) AS given (
            id uuid, job_id uuid, number integer, token uuid, max_attempts integer, model text, step text, prompt_hash text,
            prompt_version text)
    ), current AS (
        SELECT asked.*, extract(epoch FROM jobs.deadline_at - now()) AS left_s
        FROM jobs JOIN asked ON asked.job_id = jobs.id
        WHERE jobs.status = 'PROCESSING' AND jobs.attempt = asked.number AND jobs.lease_token = asked.token
        ORDER BY jobs.id FOR UPDATE OF jobs
    ), known AS (
        SELECT current.id,
            (array_agg(calls.raw_answer ORDER BY calls.started_at DESC)
                FILTER (WHERE calls.outcome = 'ok' AND calls.prompt_hash = current.prompt_hash))[1] AS raw_answer,
            count(*) FILTER (WHERE calls.outcome <> 'throttled' AND calls.step = current.step) AS spent
        FROM current LEFT JOIN ai_calls AS calls ON calls.job_id = current.job_id
        GROUP BY current.id, current.prompt_hash, current.step
    ), written AS (
        INSERT INTO ai_calls (id, job_id, step, attempt, model, prompt_hash, prompt_version)
        SELECT id, job_id, step, number, model, prompt_hash, prompt_version FROM current JOIN known USING (id)
        WHERE known.raw_answer IS NULL AND known.spent < current.max_attempts
        RETURNING id
    )
    SELECT id, left_s, raw_answer, EXISTS (SELECT FROM written WHERE written.id = current.id) AS written
    FROM current JOIN known USING (id)
    """
)
"""The lock makes counting and writing down one step, and lets a lost lease end before the call instead of after it."""
_END = text(
    """
    UPDATE ai_calls SET finished_at = clock_timestamp(),
        latency_ms = extract(epoch FROM clock_timestamp() - started_at) * 1000, outcome = ended.outcome,
        raw_answer = coalesce(ended.raw_answer, ai_calls.raw_answer), prompt_tokens = ended.prompt_tokens,
        completion_tokens = ended.completion_tokens, cost_usd = ended.cost_usd, error = ended.error
    FROM jsonb_to_recordset(CAST(CAST(:rows AS text) AS jsonb)) AS ended (
        id uuid, outcome text, raw_answer text, prompt_tokens integer, completion_tokens integer, cost_usd numeric,
        error text)
    WHERE ai_calls.id = ended.id
    """
)
