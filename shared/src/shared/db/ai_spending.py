"""What the books of AI calls say: whose they are, what a call counts as, and how long they are kept."""

from sqlalchemy import text

from shared.db.engine import Transaction

ALL = "all"
CALLER = "caller:"
"""The scopes of `ai_budgets`: everything, and each caller after this prefix."""
BOOKS_KEPT_DAYS = 35
BATCH = 200


def charged_usd(calls: str) -> str:
    """SQL: what a row of `ai_calls`, named `calls`, counts as in US dollars.

    A reservation until the answer tells the cost; a call of unknown outcome, a failed one and one without a known cost stay at theirs; one
    that the provider turned away unread counts nothing.
    """
    return (
        f"CASE {calls}.outcome WHEN 'throttled' THEN 0 WHEN 'ok' THEN coalesce({calls}.cost_usd, {calls}.reserved_usd)"
        f" ELSE {calls}.reserved_usd END"
    )


def day(moment: str) -> str:
    """SQL: the UTC day of a time."""
    return f"CAST(({moment}) AT TIME ZONE 'UTC' AS date)"


async def tidy(tx: Transaction, answers_kept_s: float) -> None:
    """Forget some raw answers older than `answers_kept_s` seconds, and books of days that nobody asks about: `BATCH` of each.

    What a call cost and how it ended stays.
    """
    await tx.execute(_FORGET_ANSWERS, {"kept_s": answers_kept_s, "batch": BATCH})
    await tx.execute(_CLOSE_BOOKS, {"days": BOOKS_KEPT_DAYS, "batch": BATCH})


_FORGET_ANSWERS = text(
    """
    UPDATE ai_calls SET raw_answer = NULL WHERE id IN (
        SELECT id FROM ai_calls
        WHERE raw_answer IS NOT NULL AND started_at < now() - make_interval(secs => CAST(:kept_s AS float8))
        ORDER BY started_at LIMIT :batch FOR UPDATE SKIP LOCKED)
    """
)
_CLOSE_BOOKS = text(
    f"""
    DELETE FROM ai_budgets WHERE (day, scope) IN (
        SELECT day, scope FROM ai_budgets WHERE day < {day("now()")} - CAST(:days AS integer)
        ORDER BY day, scope LIMIT :batch FOR UPDATE SKIP LOCKED)
    """  # noqa: S608 (nothing in it comes from outside)
)
