"""How often the guard is right, per class and per language."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tests.golden.cases import CODES, GOOD, Case

from generator.guard import Rejected, Validator


@dataclass(frozen=True, slots=True)
class Judged:
    """A case and the reasons for which the guard refused it; none if it did not."""

    case: Case
    codes: frozenset[str]

    def called(self, kind: str) -> bool:
        """Whether the guard put the case into `kind`."""
        return not self.codes if kind == GOOD else bool(self.codes & CODES[kind])


@dataclass(frozen=True, slots=True)
class Score:
    """Cases of a class, those that were found, and how many others were taken for it."""

    cases: int
    found: int
    mistaken: int

    @property
    def recall(self) -> float:
        return self.found / self.cases if self.cases else 1.0

    @property
    def precision(self) -> float:
        return self.found / (self.found + self.mistaken) if self.found + self.mistaken else 1.0


def judged(validator: Validator, cases: Iterable[Case]) -> list[Judged]:
    """Every case as the guard sees it."""
    found: list[Judged] = []
    for case in cases:
        verdict = validator.check(case.answer, case.brief)
        codes = (
            frozenset(problem.code for problem in verdict.problems)
            if isinstance(verdict, Rejected)
            else frozenset[str]()
        )
        found.append(Judged(case, codes))
    return found


def score(found: Sequence[Judged], kind: str) -> Score:
    """How well a class is told from the others. A bad text of another class is no mistake: it may have two faults."""
    of_kind = [one for one in found if one.case.kind == kind]
    right = [one for one in of_kind if one.called(kind)]
    if kind == GOOD:
        mistaken = [one for one in found if one.case.kind != GOOD and not one.codes]
    else:
        mistaken = [one for one in found if one.case.kind == GOOD and one.called(kind)]
    return Score(len(of_kind), len(right), len(mistaken))


def refusal(found: Sequence[Judged]) -> Score:
    """Good texts against all bad ones: recall is the share of bad texts that are refused, for whatever reason."""
    bad = [one for one in found if one.case.kind != GOOD]
    good = [one for one in found if one.case.kind == GOOD]
    return Score(len(bad), sum(bool(one.codes) for one in bad), sum(bool(one.codes) for one in good))


def table(found: Sequence[Judged]) -> list[str]:
    """Lines for a reader: classes, then languages, each for all cases and for those that chose no threshold."""
    lines = [f"{'':16}{'cases':>6} {'precision':>10} {'recall':>7}   {'held out':>8} {'precision':>10} {'recall':>7}"]
    kinds: dict[str, Callable[[Sequence[Judged]], Score]] = {
        kind: lambda part, kind=kind: score(part, kind) for kind in (GOOD, *CODES)
    }
    kinds["refused"] = refusal
    held = [one for one in found if one.case.held_out]
    lines += [_line(name, of(found), of(held)) for name, of in kinds.items()]
    for locale in dict.fromkeys(one.case.locale for one in found):
        mine, theirs = ([one for one in part if one.case.locale is locale] for part in (found, held))
        lines.append(_line(f"refused {locale}", refusal(mine), refusal(theirs)))
    return lines


def _line(name: str, every: Score, held: Score) -> str:
    first = f"{name:16}{every.cases:>6} {every.precision:>10.2f} {every.recall:>7.2f}"
    return f"{first}   {held.cases:>8} {held.precision:>10.2f} {held.recall:>7.2f}"
