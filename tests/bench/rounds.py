"""Interleaved rounds: every subject is measured once per round, so that whatever disturbs the machine disturbs all of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

from tests.bench.load import Measured

from moviemind.console import err

Metric = Literal["rate", "p50_ms", "p99_ms"]


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement. `cpu_ms` is what the answering processes used per unit of work."""

    rate: float
    p50_ms: float | None = None
    p99_ms: float | None = None
    cpu_ms: float | None = None

    def __str__(self) -> str:
        times = {"p50": self.p50_ms, "p99": self.p99_ms, "CPU": self.cpu_ms}
        return ", ".join(
            [f"{self.rate:,.1f}/s", *(f"{name} {ms:.2f} ms" for name, ms in times.items() if ms is not None)]
        )

    @classmethod
    def of(cls, measured: Measured, cpu_s: float) -> "Sample":
        return cls(measured.rate, measured.p50_ms, measured.p99_ms, cpu_s / max(1, measured.sent) * 1000)


@dataclass(frozen=True, slots=True)
class Aim:
    """What the median ratio should reach: at least for rates, at most for latencies."""

    bound: float
    at_most: bool = False

    def met(self, ratio: float) -> bool:
        return ratio <= self.bound if self.at_most else ratio >= self.bound

    def __str__(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.bound:g}"


@dataclass(frozen=True, slots=True)
class Ratio:
    """Of the judged subject to another: the median over the rounds, and the extremes."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """`judged` against every other subject by `metric`; the ratio is judged ÷ other, round by round."""

    name: str
    unit: str
    judged: str
    samples: Mapping[str, Sequence[Sample]]
    metric: Metric = "rate"
    aims: Mapping[str, Aim] = field(default_factory=dict[str, Aim])
    notes: Sequence[str] = ()

    def ratio(self, other: str) -> Ratio | None:
        """None for the judged subject itself, and where a round has nothing to compare."""
        if other == self.judged:
            return None
        pairs = zip(self.samples[self.judged], self.samples[other], strict=True)
        measured = [(getattr(mine, self.metric), getattr(theirs, self.metric)) for mine, theirs in pairs]
        ratios = [mine / theirs for mine, theirs in measured if mine and theirs]
        return Ratio(median(ratios), min(ratios), max(ratios)) if ratios else None

    def middle(self, subject: str, metric: Metric | Literal["cpu_ms"]) -> float | None:
        values = [value for sample in self.samples[subject] if (value := getattr(sample, metric)) is not None]
        return median(values) if values else None


def interleave(
    name: str, rounds: int, subjects: Mapping[str, Callable[[], Sample]], before: Callable[[], object] = lambda: None
) -> dict[str, list[Sample]]:
    """Measure all `subjects` in turn, `rounds` times; every other round backwards. `before` runs before each measurement."""
    samples: dict[str, list[Sample]] = {subject: [] for subject in subjects}
    for number in range(rounds):
        names = list(subjects)
        order = names if number % 2 == 0 else names[::-1]
        for subject in order:
            before()
            sample = subjects[subject]()
            samples[subject].append(sample)
            err.print(f"  {name}  round {number + 1}/{rounds}  {subject}: {sample}", markup=False)
    return samples
