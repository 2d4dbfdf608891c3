"""What callers without a key start is counted where it is stored: a unit is a job of theirs.

So no counter can differ from what it counts: what was joined, refused, rolled back or lost with its process costs nothing, because it
is not there. Those who count for one caller take turns by an advisory lock that ends with the transaction, so that each sees the jobs of
those before it. One transaction serves all who arrive together, so that a flood from one address holds one connection of a process.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from gateway.adapters.acceptances import Wanted, accept_together
from gateway.adapters.joins import impatient, join_together
from gateway.ports import Accepted, Budget, OverBudget
from shared.db.engine import Transaction
from shared.jobs import AttemptPolicy


@dataclass(frozen=True, slots=True)
class _Units:
    """How many units a caller has left, and in how many seconds the next one is free when there is none."""

    left: int
    free_in_s: float


async def start_together(
    tx: Transaction, budget: Budget, wanted: Sequence[Wanted], policy: AttemptPolicy
) -> list[Accepted | OverBudget | None]:
    """Join what is active, start what the budget of each caller allows, refuse the rest; None for what has to be tried again.

    Raises Busy when somebody holds a lock that this transaction does not wait for.
    """
    async with impatient(tx):
        await tx.execute(_TAKE_TURNS, {"callers": _callers(wanted)})
        done = await join_together(tx, wanted)
        left = [one for one in wanted if one.job_id not in done]
        if affordable := _affordable(left, await _units(tx, budget, left)):
            started = await accept_together(tx, affordable, policy.max_attempts, policy.deadline_s)
            done |= {one.job_id: new for one, new in zip(affordable, started, strict=True) if new is not None}
            done |= await join_together(tx, [one for one in left if one.job_id not in done])
        left = [one for one in wanted if one.job_id not in done]
        units = await _units(tx, budget, left)
    refused = {one.job_id: _refusal(units[one.caller]) for one in left}
    return [done.get(one.job_id) or refused[one.job_id] for one in wanted]


def _affordable(wanted: Sequence[Wanted], units: Mapping[str, _Units]) -> list[Wanted]:
    """At most one per identity: the first whose caller can pay for it."""
    chosen: dict[UUID, Wanted] = {}
    spent = Counter[str]()
    for one in wanted:
        if one.new.dedupe_key not in chosen and spent[one.caller] < units[one.caller].left:
            chosen[one.new.dedupe_key] = one
            spent[one.caller] += 1
    return list(chosen.values())


def _refusal(units: _Units) -> OverBudget | None:
    """None when a unit was given back meanwhile: the job it was meant for turned out to be somebody else's."""
    return OverBudget(max(1, math.ceil(units.free_in_s))) if units.left <= 0 else None


async def _units(tx: Transaction, budget: Budget, wanted: Sequence[Wanted]) -> Mapping[str, _Units]:
    if not wanted:
        return {}
    given = {"callers": _callers(wanted), "window_s": budget.window_s, "quota": budget.limit}
    rows = await tx.execute(_UNITS, given)
    return {row.caller: _Units(budget.limit - row.used, row.free_in_s) for row in rows}


def _callers(wanted: Sequence[Wanted]) -> list[str]:
    """In a fixed order, so that two transactions wait for each other in one direction only."""
    return sorted({one.caller for one in wanted})


_TAKE_TURNS = text(
    """
    SELECT pg_advisory_xact_lock(hashtextextended('anonymous-generation ' || caller, 0))
    FROM unnest(CAST(:callers AS text[])) AS caller
    """
)
_UNITS = text(
    """
    SELECT wanted.caller, count(started.created_at) AS used,
        CAST(coalesce(extract(epoch FROM min(started.created_at) - now()), 0) AS float8)
            + CAST(:window_s AS float8) AS free_in_s
    FROM unnest(CAST(:callers AS text[])) AS wanted (caller)
    LEFT JOIN LATERAL (
        SELECT created_at FROM jobs
        WHERE caller = wanted.caller AND caller LIKE 'ip:%' AND kind = 'generation'
            AND created_at > now() - make_interval(secs => CAST(:window_s AS float8))
        ORDER BY created_at DESC
        LIMIT :quota
    ) AS started ON true
    GROUP BY wanted.caller
    """
)
"""The newest jobs up to the limit are enough: when there are that many, the oldest of them is the one that frees a unit."""
