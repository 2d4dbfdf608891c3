"""Results for people and for scripts: tables on stdout, one JSON document beside them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.rounds import Aim, Comparison, Ratio

from moviemind.console import out, print_table

COLUMNS = ("SUBJECT", "RATE", "P50 ms", "P99 ms", "CPU ms", "RATIO (MIN-MAX)", "AIM", "VERDICT")


@dataclass(frozen=True, slots=True)
class Tally:
    """A table of counts that is no race, such as what a crash left behind."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | int]]
    notes: Sequence[str] = ()


@dataclass(slots=True)
class Report:
    """Everything that one run found out."""

    facts: Mapping[str, str]
    comparisons: list[Comparison] = field(default_factory=list[Comparison])
    tallies: list[Tally] = field(default_factory=list[Tally])

    def add(self, *results: Comparison | Tally) -> None:
        for result in results:
            if isinstance(result, Comparison):
                self.comparisons.append(result)
            else:
                self.tallies.append(result)

    def print(self) -> None:
        for name, fact in self.facts.items():
            out.print(f"{name}: {fact}", markup=False)
        out.print(
            "Ratios are the first subject of a table against the others, round by round: median (least-greatest)."
        )
        for comparison in self.comparisons:
            out.print(f"\n[bold]{comparison.name}[/]  by {comparison.metric.removesuffix('_ms')}")
            print_table(COLUMNS, [_row(comparison, subject) for subject in _judged_first(comparison)])
            _print_notes(comparison.notes)
        for tally in self.tallies:
            out.print(f"\n[bold]{tally.name}[/]")
            print_table(tally.columns, [[str(cell) for cell in row] for row in tally.rows])
            _print_notes(tally.notes)

    def document(self) -> dict[str, Any]:
        return {
            "facts": dict(self.facts),
            "comparisons": [_comparison(comparison) for comparison in self.comparisons],
            "tallies": [asdict(tally) for tally in self.tallies],
        }

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.document(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _row(comparison: Comparison, subject: str) -> list[str]:
    ratio, aim = comparison.ratio(subject), comparison.aims.get(subject)
    rate = comparison.middle(subject, "rate")
    return [
        subject,
        f"{rate:,.0f} {comparison.unit}" if rate else "-",
        _number(comparison.middle(subject, "p50_ms")),
        _number(comparison.middle(subject, "p99_ms")),
        _number(comparison.middle(subject, "cpu_ms")),
        f"{ratio.median:.2f} ({ratio.low:.2f}-{ratio.high:.2f})" if ratio else "-",
        str(aim) if aim else "-",
        _verdict(ratio, aim),
    ]


def _comparison(comparison: Comparison) -> dict[str, Any]:
    subjects: list[dict[str, Any]] = []
    for subject in _judged_first(comparison):
        ratio, aim = comparison.ratio(subject), comparison.aims.get(subject)
        subjects.append(
            {
                "subject": subject,
                "samples": [asdict(sample) for sample in comparison.samples[subject]],
                "ratio": asdict(ratio) if ratio else None,
                "aim": str(aim) if aim else None,
                "verdict": _verdict(ratio, aim),
            }
        )
    return {
        "name": comparison.name,
        "metric": comparison.metric,
        "unit": comparison.unit,
        "judged": comparison.judged,
        "subjects": subjects,
        "notes": list(comparison.notes),
    }


def _judged_first(comparison: Comparison) -> list[str]:
    return [comparison.judged, *(subject for subject in comparison.samples if subject != comparison.judged)]


def _verdict(ratio: Ratio | None, aim: Aim | None) -> str:
    if ratio is None or aim is None:
        return "-"
    return "met" if aim.met(ratio.median) else "missed"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.2f}"


def _print_notes(notes: Sequence[str]) -> None:
    for note in notes:
        out.print(f"  {note}", markup=False)
