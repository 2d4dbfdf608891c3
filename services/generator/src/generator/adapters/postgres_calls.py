"""The journal of AI calls in PostgreSQL."""

import json
from uuid import UUID

from sqlalchemy import func, insert, select, update

from generator.ports import Answer, Call, Prompt, Spent
from shared import ids
from shared.db.attempts import is_current
from shared.db.engine import Database, Transaction
from shared.db.tables import ai_calls, jobs
from shared.errors import LeaseLost
from shared.jobs import Attempt, Failure, FailureType

STEP = "write"


class PostgresCallJournal:
    """Implements `CallJournal`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def answer(self, job_id: UUID, prompt: Prompt) -> Answer | None:
        found = await self._database.read(
            select(ai_calls.c.raw_answer)
            .where(ai_calls.c.job_id == job_id, ai_calls.c.prompt_hash == prompt.hash, ai_calls.c.outcome == "ok")
            .order_by(ai_calls.c.started_at.desc())
            .limit(1)
        )
        raw = found.scalar()
        return None if raw is None else Answer(**json.loads(raw))

    async def begin(self, attempt: Attempt, prompt: Prompt, model: str) -> Call | None:
        async def work(tx: Transaction) -> Call | None:
            # the lock makes counting and writing down one step, and a lost lease end before the call instead of after it
            left_s = await tx.scalar(select(_LEFT_S).where(*is_current(attempt)).with_for_update())
            if left_s is None:
                raise LeaseLost(str(attempt.job_id))
            if await tx.scalar(_SPENT.where(ai_calls.c.job_id == attempt.job_id)) >= attempt.max_attempts:
                return None
            call = Call(ids.row_id(), attempt, max(float(left_s), 0.0))
            await tx.execute(
                insert(ai_calls).values(
                    id=call.id,
                    job_id=attempt.job_id,
                    step=STEP,
                    attempt=attempt.number,
                    model=model,
                    prompt_hash=prompt.hash,
                    prompt_version=prompt.version,
                )
            )
            return call

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

    async def failed(self, call: Call, failure: Failure) -> None:
        outcome = "throttled" if failure.type is FailureType.RATE_LIMITED else "error"
        await self._end(call, outcome=outcome, error=failure.technical_message)

    async def _end(self, call: Call, **values: object) -> None:
        async def work(tx: Transaction) -> None:
            await tx.execute(
                update(ai_calls)
                .where(ai_calls.c.id == call.id)
                .values(finished_at=func.clock_timestamp(), latency_ms=_LATENCY_MS, **values)
            )

        await self._database.run(work)


_LEFT_S = func.extract("epoch", jobs.c.deadline_at - func.now())
_LATENCY_MS = func.extract("epoch", func.clock_timestamp() - ai_calls.c.started_at) * 1000
_SPENT = select(func.count()).select_from(ai_calls).where(ai_calls.c.outcome != "throttled")
