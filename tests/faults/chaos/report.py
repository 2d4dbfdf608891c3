"""What a run prints, and the same as JSON."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from rich.console import Console
from rich.table import Table
from tests.faults.chaos.arena import Arena
from tests.faults.chaos.ledger import Ledger
from tests.faults.chaos.plan import Step, Termination
from tests.faults.chaos.run import Progress
from tests.faults.chaos.verdict import Verdict

LINE_EVERY_S = 10.0
SHOWN = 30
_MEANINGS: Mapping[str, str] = {
    "attempted": "POSTs sent, each with its own key",
    "acknowledged": "of those, answered 2xx",
    "ok": "acknowledged and ended: with its effect, a complete failure, or a cancellation asked for",
    "lost": "acknowledged without a job, a job that has not ended, an event nobody heard",
    "duplicated": "second effects or ends of one job, second jobs of one key",
    "unexpected": "jobs, texts, ends or AI calls that nobody asked for",
    "recovered": "not acknowledged, yet stored, and found again by the same key",
    "refused": "answered 4xx for good; nothing was stored",
}


@dataclass(frozen=True, slots=True)
class Report:
    """A run and its verdict."""

    seed: int
    broker: str
    duration_s: float
    planned: Sequence[Step]
    done: Sequence[Step]
    arena: Arena
    ledger: Ledger
    verdict: Verdict

    def document(self) -> dict[str, Any]:
        """Everything, as JSON can hold it."""
        return {
            "clean": self.verdict.clean,
            "seed": self.seed,
            "broker": self.broker,
            "duration_s": round(self.duration_s, 1),
            "verdict": asdict(self.verdict),
            "terminations": [
                {"termination": termination, "of": of, "times": times}
                for (termination, of), times in sorted(self.arena.done.items())
            ],
            "restarts": dict(self.arena.restarts),
            "ended_by_themselves": self.arena.ended,
            "answers_to_posts": dict(self.ledger.outcomes),
            "answers_to_other_requests": dict(self.ledger.others),
            "planned": [asdict(step) for step in self.planned],
            "steps_done": len(self.done),
        }

    def show(self, console: Console) -> None:
        """The tables, and what was found."""
        verdict = self.verdict
        console.print(_counts(verdict), _terminations(self.arena))
        console.print(
            f"seed {self.seed}, {self.duration_s:.0f} s, {len(self.done)} of {len(self.planned)} steps, broker: {self.broker}"
        )
        console.print(f"jobs: {_said(verdict.jobs)}")
        for failure, count in verdict.failures.items():
            console.print(f"failed {count} x {failure}", markup=False)
        console.print(f"answers to POSTs: {_said(self.ledger.outcomes)}")
        console.print(f"answers to other requests: {_said(self.ledger.others)}")
        console.print(
            f"attempts: {verdict.attempts}, of which {verdict.attempts_lost} were lost with their worker; "
            f"{verdict.attempts_handed_back} more were handed back"
        )
        console.print(
            f"AI calls that the provider received and did not throttle: {verdict.ai_calls}; "
            f"at most {verdict.ai_calls_of_one_job} for one job, {verdict.ai_calls_allowed_per_job} allowed"
        )
        console.print(f"events heard: {verdict.events}, of which {verdict.events_repeated} were copies (allowed)")
        console.print(f"cached answers compared with fresh ones: {verdict.cached_bodies}")
        for line in self.arena.ended:
            console.print(line)
        for finding in verdict.findings[:SHOWN]:
            console.print(finding, style="red", markup=False, soft_wrap=True)
        if (more := len(verdict.findings) - SHOWN) > 0:
            console.print(f"… and {more} more", style="red")
        console.print("CLEAN" if verdict.clean else f"NOT CLEAN: {len(verdict.findings)} findings", style="bold")


class ProgressLine:
    """One line that changes on a terminal, a line every ten seconds elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status = console.status("starting") if console.is_terminal else None
        self._next_s = 0.0

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    def look(self, progress: Progress) -> None:
        if self._status is not None:
            self._status.update(str(progress))
        elif progress.elapsed_s >= self._next_s:
            self._next_s = progress.elapsed_s + LINE_EVERY_S
            self.say(str(progress))

    def say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def _counts(verdict: Verdict) -> Table:
    table = Table("count", "", "meaning", box=None, header_style="bold")
    for name, meaning in _MEANINGS.items():
        table.add_row(name, str(getattr(verdict, name)), meaning)
    return table


def _terminations(arena: Arena) -> Table:
    """Who was terminated how, and started again how often."""
    kinds = sorted({of for _, of in arena.done} | set(arena.restarts))
    table = Table("process", *Termination, "started again", box=None, header_style="bold")
    for of in kinds:
        counts = (str(arena.done[termination, of]) for termination in Termination)
        table.add_row(of, *counts, str(arena.restarts[of]))
    return table


def _said(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {times}" for name, times in Counter(counts).most_common()) or "none"
