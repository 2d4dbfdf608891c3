"""How much the state machine went through, for the summary of the test run."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    examples: int = 0
    steps: int = 0
    ended: Counter[str] = field(default_factory=Counter[str])
    points: Counter[str] = field(default_factory=Counter[str])

    @property
    def sentence(self) -> str:
        jobs = ", ".join(f"{count} {status}" for status, count in sorted(self.ended.items()))
        return f"{self.examples} examples, {self.steps} steps, {self.points.total()} crashes at {len(self.points)} points; jobs: {jobs}"


TALLY = Tally()
