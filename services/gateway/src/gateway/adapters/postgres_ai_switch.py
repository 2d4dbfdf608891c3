"""The switch that stops all AI calls, and the books of the day, in PostgreSQL."""

from typing import Any

from sqlalchemy import RowMapping, text

from gateway.adapters.postgres_audit import record
from gateway.ai_ports import Book, Books, SwitchState
from shared.db.ai_spending import ALL, CALLER, day
from shared.db.engine import Database, Transaction

STOP, RESUME = "ai.stop", "ai.resume"
TARGET = "ai"
MAX_CALLERS = 20


class PostgresAiSwitch:
    """Implements `AiSwitch`. Whoever begins a call locks the same row: a stop waits for those that are being written down."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def state(self) -> SwitchState:
        return _state((await self._database.read(_STATE)).mappings().first())

    async def stop(self, actor: str, reason: str) -> SwitchState:
        async def work(tx: Transaction) -> SwitchState:
            await tx.execute(_FIRST)
            stopped = (await tx.execute(_STOP, {"actor": actor, "reason": reason})).mappings().first()
            if stopped is not None:
                await record(tx, actor, STOP, [(TARGET, {"stopped": False}, {"stopped": True, "reason": reason})])
            return _state(stopped or (await tx.execute(_STATE)).mappings().first())

        return await self._database.run(work)

    async def resume(self, actor: str, reason: str) -> SwitchState:
        async def work(tx: Transaction) -> SwitchState:
            if (await tx.execute(_RESUME)).first() is not None:
                await record(tx, actor, RESUME, [(TARGET, {"stopped": True}, {"stopped": False, "reason": reason})])
            return SwitchState()

        return await self._database.run(work)


class PostgresAiBooks:
    """Implements `AiBooks`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def today(self) -> Books:
        rows = (await self._database.read(_TODAY, {"callers": MAX_CALLERS})).mappings().all()
        books = [_book(row) for row in rows if row["scope"] is not None]
        everything = next((book for book in books if book.scope == ALL), Book(ALL))
        callers = tuple(book for book in books if book.scope != ALL)
        return Books(rows[0]["today"], rows[0]["renews_at"], everything, callers)


def _state(row: RowMapping | None) -> SwitchState:
    return SwitchState(**row) if row is not None and row["stopped_at"] is not None else SwitchState()


def _book(row: RowMapping) -> Book:
    members: dict[str, Any] = {name: row[name] for name in Book.__dataclass_fields__}
    return Book(**members | {"scope": row["scope"].removeprefix(CALLER)})


_STATE = text("SELECT stopped_at, stopped_by, reason FROM ai_switch")
_FIRST = text("INSERT INTO ai_switch (id) VALUES (1) ON CONFLICT DO NOTHING")
_STOP = text(
    """
    UPDATE ai_switch SET stopped_at = now(), stopped_by = :actor, reason = :reason WHERE stopped_at IS NULL
    RETURNING stopped_at, stopped_by, reason
    """
)
_RESUME = text(
    """
    UPDATE ai_switch SET stopped_at = NULL, stopped_by = NULL, reason = NULL WHERE stopped_at IS NOT NULL RETURNING id
    """
)
_TODAY = text(
    f"""
    SELECT today.day AS today, (today.day + 1) AT TIME ZONE 'UTC' AS renews_at, books.*
    FROM (SELECT {day("now()")} AS day) AS today LEFT JOIN LATERAL (
        SELECT scope, calls, refused, reserved_usd, spent_usd, limit_calls, limit_usd FROM ai_budgets
        WHERE ai_budgets.day = today.day
        ORDER BY scope = '{ALL}' DESC, reserved_usd + spent_usd DESC, calls DESC, scope
        LIMIT CAST(:callers AS integer) + 1
    ) AS books ON true
    """  # noqa: S608 (names written in this code)
)
