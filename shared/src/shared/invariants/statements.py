"""A check that is one SQL statement."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.db.engine import Transaction, sqlstate
from shared.errors import Unavailable
from shared.invariants.model import COUNT_LIMIT, Check, Evidence, Unchecked

_REASONS = {"57014": "a statement took too long", "42501": "this role may not read the tables"}
_READ_ONLY = text("SET TRANSACTION READ ONLY")
_BOUNDED = text("SELECT set_config('statement_timeout', :timeout, true)")


def statement(says: str, sql: str) -> Check:
    """A check whose violations are the rows of `sql`: its first column names one.

    The statement may use `:window_s` and the times of `Tolerance`. It reads only, stops at COUNT_LIMIT rows, and is cancelled when it
    takes too long.
    """

    async def find(evidence: Evidence) -> Sequence[str]:
        return [str(row[0]) for row in await rows(evidence, sql)]

    return Check(says, find)


def unique_indexes(*names: str) -> Check:
    """A check that these indexes exist, are unique and valid: without them PostgreSQL lets in what the code relies on being refused."""
    wanted = ", ".join(f"('{name}')" for name in names)
    return statement(
        "unique indexes are missing or invalid",
        f"""
        SELECT wanted.name FROM (VALUES {wanted}) AS wanted (name)
        WHERE NOT EXISTS (
          SELECT FROM pg_index WHERE indexrelid = to_regclass(wanted.name) AND indisunique AND indisvalid)
        """,  # noqa: S608 (names written in this package)
    )


async def rows(evidence: Evidence, sql: str, limit: int = COUNT_LIMIT) -> Sequence[Sequence[object]]:
    """The first `limit` rows of a statement; see `statement`. Raises Unchecked."""
    # materialised, because a plan for the first few rows is a bad one for statements that should find none
    asked = text(f"WITH found AS MATERIALIZED ({sql}) SELECT * FROM found LIMIT {limit}")  # noqa: S608 (the statements of this package)
    known = {"window_s": evidence.window_s, **asdict(evidence.tolerance)}

    async def work(tx: Transaction) -> Sequence[Sequence[object]]:
        await tx.execute(_READ_ONLY)
        await tx.execute(_BOUNDED, {"timeout": f"{evidence.timeout_s * 1000:.0f}ms"})
        return (await tx.execute(asked, known)).all()

    try:
        return await evidence.database.run(work)
    except Unavailable as away:
        reason = _REASONS.get(sqlstate(away.__cause__) or "") if away.__cause__ else None
        raise Unchecked(reason or "postgres does not answer") from away
    except DBAPIError as error:
        reason = _REASONS.get(sqlstate(error) or "")
        if reason is None:
            raise
        raise Unchecked(reason) from error
