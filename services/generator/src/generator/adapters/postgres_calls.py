"""The journal of AI calls in PostgreSQL."""

import json
from dataclasses import replace
from uuid import UUID

from sqlalchemy import text

from generator.ports import Answer, Call, Prompt, Spent
from shared import ids
from shared.db.engine import Database, Transaction
from shared.errors import LeaseLost
from shared.jobs import Attempt, Failure

STEP = "write"


class PostgresCallJournal:
    """Implements `CallJournal`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def answer(self, job_id: UUID, prompt: Prompt) -> Answer | None:
        raw = (await self._database.read(_ANSWER, {"job_id": job_id, "prompt_hash": prompt.hash})).scalar()
        return None if raw is None else Answer(**json.loads(raw))

    async def begin(self, attempt: Attempt, prompt: Prompt, model: str) -> Call | None:
        call = Call(ids.row_id(), attempt, 0.0)
        row = {
            "id": call.id,
            "job_id": attempt.job_id,
            "number": attempt.number,
            "token": attempt.token,
            "max_attempts": attempt.max_attempts,
            "step": STEP,
            "model": model,
            "prompt_hash": prompt.hash,
            "prompt_version": prompt.version,
        }

        async def work(tx: Transaction) -> Call | None:
            begun = (await tx.execute(_BEGIN, row)).first()
            if begun is None:
                raise LeaseLost(str(attempt.job_id))
            return replace(call, seconds_left=max(float(begun.left_s), 0.0)) if begun.written else None

        return await self._database.run(work)

    async def answered(self, call: Call, answer: Answer, spent: Spent) -> None:
        raw = {"content": answer.content, "finish_reason": answer.finish_reason, "model": answer.model}
        await self._end(
            call,
            outcome="ok",
            raw_answer=json.dumps(raw),
            prompt_tokens=spent.prompt_tokens,
            completion_tokens=spent.completion_tokens,
            cost_usd=spent.cost_usd,
        )

    async def failed(self, call: Call, failure: Failure, *, counted: bool = True) -> None:
        await self._end(call, outcome="error" if counted else "throttled", error=failure.technical_message)

    async def _end(self, call: Call, **values: object) -> None:
        columns = ("outcome", "raw_answer", "prompt_tokens", "completion_tokens", "cost_usd", "error")
        await self._database.write(_END, {"id": call.id, **dict.fromkeys(columns), **values})


_ANSWER = text(
    """
    SELECT raw_answer FROM ai_calls WHERE job_id = :job_id AND prompt_hash = :prompt_hash AND outcome = 'ok'
    ORDER BY started_at DESC LIMIT 1
    """
)
_BEGIN = text(
    """
    WITH current AS (
        SELECT extract(epoch FROM deadline_at - now()) AS left_s FROM jobs
        WHERE id = :job_id AND status = 'PROCESSING' AND attempt = :number AND lease_token = :token FOR UPDATE
    ), written AS (
        INSERT INTO ai_calls (id, job_id, step, attempt, model, prompt_hash, prompt_version)
        SELECT :id, :job_id, :step, :number, :model, :prompt_hash, :prompt_version FROM current
        WHERE (SELECT count(*) FROM ai_calls WHERE job_id = :job_id AND outcome <> 'throttled') < :max_attempts
        RETURNING id
    )
    SELECT left_s, EXISTS (SELECT FROM written) AS written FROM current
    """
)
"""The lock makes counting and writing down one step, and lets a lost lease end before the call instead of after it."""
_END = text(
    """
    UPDATE ai_calls SET finished_at = clock_timestamp(),
        latency_ms = extract(epoch FROM clock_timestamp() - started_at) * 1000, outcome = :outcome,
        raw_answer = coalesce(:raw_answer, raw_answer), prompt_tokens = :prompt_tokens,
        completion_tokens = :completion_tokens, cost_usd = :cost_usd, error = :error
    WHERE id = :id
    """
)
