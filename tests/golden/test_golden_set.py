"""What the guard does with texts that somebody has judged."""

from collections.abc import Sequence

import pytest
from tests.golden.cases import CODES, GOOD, cases
from tests.golden.report import Judged, judged, refusal, score, table
from tests.support import summary

from generator.guard import Validator
from shared.entities import Locale

RECALL = dict.fromkeys(CODES, 1.0) | {"hallucinated": 0.85}
"""Invented awards and actors are what no fact contradicts: docs/guard.md says so."""
_found: list[Judged] = []
summary.say("golden set", lambda: table(_found) if _found else [])


@pytest.fixture(scope="module")
def found() -> Sequence[Judged]:
    _found[:] = judged(Validator.load(), cases())
    return _found


def test_the_set_is_large_enough_in_every_class_and_language() -> None:
    assert len(cases()) >= 150
    assert all(sum(case.kind == kind for case in cases()) >= 10 for kind in (GOOD, *CODES))
    assert all(sum(case.locale is locale for case in cases()) >= 30 for locale in Locale)
    assert sum(case.held_out for case in cases()) >= len(cases()) // 4


def test_no_good_text_is_refused(found: Sequence[Judged]) -> None:
    assert {one.case.id: one.codes for one in found if one.case.kind == GOOD and one.codes} == {}


@pytest.mark.parametrize("kind", list(CODES))
def test_a_class_of_bad_texts_is_found_for_its_own_reason(found: Sequence[Judged], kind: str) -> None:
    missed = [one.case.id for one in found if one.case.kind == kind and not one.called(kind)]

    assert score(found, kind).recall >= RECALL[kind], missed
    assert score([one for one in found if one.case.held_out], kind).recall >= RECALL[kind], missed


@pytest.mark.parametrize("locale", list(Locale))
def test_bad_texts_are_refused_in_every_language(found: Sequence[Judged], locale: Locale) -> None:
    assert refusal([one for one in found if one.case.locale is locale]).recall >= 0.95


def test_f43_every_injected_text_is_refused(found: Sequence[Judged]) -> None:
    injected = [one for one in found if one.case.kind == "injected"]

    assert len(injected) >= 15
    assert [one.case.id for one in injected if not one.codes] == []


def test_f44_the_text_of_another_request_is_refused(found: Sequence[Judged]) -> None:
    others = [one for one in found if one.case.id.endswith("of-another-request")]

    assert len(others) == len(Locale)
    assert all("subject" in one.codes for one in others)
