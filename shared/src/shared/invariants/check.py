"""Look at every invariant that a store can answer for."""

from collections.abc import Sequence

from shared.invariants.catalogue import CHECKED
from shared.invariants.model import COUNT_LIMIT, SAMPLES, Check, Evidence, Invariant, Result, Unchecked, Violation


async def check_all(evidence: Evidence, invariants: Sequence[Invariant] = CHECKED) -> list[Result]:
    """One result per invariant, in their order, one statement at a time. A store that is away or too slow is said in the result."""
    return [await _check(invariant, evidence) for invariant in invariants]


async def _check(invariant: Invariant, evidence: Evidence) -> Result:
    violations: list[Violation] = []
    unchecked: dict[str, None] = {}
    for check in invariant.checks:
        try:
            found = await check.find(evidence)
        except Unchecked as reason:
            unchecked[str(reason)] = None
        else:
            violations += [_violation(invariant, check, found)] if found else []
    return Result(invariant, tuple(violations), tuple(unchecked))


def _violation(invariant: Invariant, check: Check, found: Sequence[str]) -> Violation:
    count = f"{len(found)} or more" if len(found) >= COUNT_LIMIT else str(len(found))
    return Violation(invariant.id, f"{count} {check.says}", len(found), tuple(found[:SAMPLES]))
