"""Sentences that hold whatever fails, as code: what tests, the command line and the running system check is the same."""

from shared.invariants.catalogue import CATALOGUE, CHECKED
from shared.invariants.check import check_all
from shared.invariants.model import (
    Broker,
    Evidence,
    Invariant,
    QueueState,
    Result,
    Tolerance,
    Violation,
)

__all__ = [
    "CATALOGUE",
    "CHECKED",
    "Broker",
    "Evidence",
    "Invariant",
    "QueueState",
    "Result",
    "Tolerance",
    "Violation",
    "check_all",
]
