"""How much a text is like another one, names aside: what two honest texts about one subject share is its names."""

from collections.abc import Iterator

from rapidfuzz import fuzz
from rapidfuzz.distance import LCSseq

from generator.guard.folding import folded
from generator.guard.names import folded_without_names
from generator.guard.problems import Problem
from shared.entities import Facts, Form, PersonDetails

COPIED_RUN = 9
"""Words in a row, names aside, that nobody writes twice by chance."""
COPIED = 70.0
NEAR_DUPLICATE = 85.0
"""Likeness (0..100) from which a text is a copy of the overview, or another text once more: docs/guard.md shows the curves."""
NEAR_DUPLICATE_SHORT = 92.0
MIN_WORDS = 4
"""Words without names that are needed to call anything a copy."""


def copy_problems(text: str, form: Form, facts: Facts) -> Iterator[Problem]:
    """Whether `text` is the catalogue's own prose."""
    details = facts.details
    prose = details.biography if isinstance(details, PersonDetails) else details.overview
    own = folded_without_names(text, facts)
    if prose and copied(own, folded_without_names(prose, facts)):
        yield Problem("copied", "The text copies the overview: say it in your own words.")
    tagline = None if isinstance(details, PersonDetails) else details.tagline
    if form is Form.TAGLINE and tagline and fuzz.ratio(folded(text), folded(tagline)) >= NEAR_DUPLICATE_SHORT:
        yield Problem("copied_tagline", "The text is the official tagline: write a new one.")


def duplicate_problems(text: str, form: Form, others: tuple[str, ...], facts: Facts) -> tuple[Problem, ...]:
    """Whether `text` is one of `others` once more, word for word or turned around."""
    own = folded_without_names(text, facts)
    limit = NEAR_DUPLICATE if form in {Form.DESCRIPTION, Form.BIO} else NEAR_DUPLICATE_SHORT
    if any(likeness(own, folded_without_names(other, facts)) >= limit for other in others):
        return (Problem("near_duplicate", "The text is too much like one that exists already."),)
    return ()


def likeness(one: str, other: str) -> float:
    """0..100 for two folded texts, whatever the order of their words."""
    return fuzz.token_sort_ratio(one, other) if min(len(one.split()), len(other.split())) >= MIN_WORDS else 0.0


def copied(text: str, prose: str) -> bool:
    """Whether folded `text` holds most of folded `prose`, or a long run of it."""
    mine, theirs = text.split(), prose.split()
    if min(len(mine), len(theirs)) < MIN_WORDS:
        return False
    runs = {tuple(theirs[start : start + COPIED_RUN]) for start in range(len(theirs) - COPIED_RUN + 1)}
    if any(tuple(mine[start : start + COPIED_RUN]) in runs for start in range(len(mine) - COPIED_RUN + 1)):
        return True
    return overlap(text, prose) >= COPIED


def overlap(text: str, prose: str) -> float:
    """How much of the shorter of two folded texts stands in the other, in its order: 0..100."""
    mine, theirs = text.split(), prose.split()
    shorter = min(len(mine), len(theirs))
    return 100.0 * LCSseq.similarity(mine, theirs) / shorter if shorter >= 2 * MIN_WORDS else likeness(text, prose)
