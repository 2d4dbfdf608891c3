"""All checks in their order, and their verdict."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from generator.guard.answers import Content, content_of
from generator.guard.cleaning import cleaned
from generator.guard.commands import obedience
from generator.guard.dating import number_problems
from generator.guard.folding import without
from generator.guard.identity import claim_problems, subject_problems
from generator.guard.language import LanguageCheck
from generator.guard.leaks import leak_problems
from generator.guard.likeness import copy_problems, duplicate_problems
from generator.guard.names import people_of, titles_of
from generator.guard.problems import Problem
from generator.guard.shape import shape_problems
from generator.guard.subjects import implausible
from generator.guard.translation import fidelity
from generator.ports import Answer, Brief


@dataclass(frozen=True, slots=True)
class Valid:
    """Plain text in one line: no markup, no control or invisible characters, single spaces, NFC."""

    text: str


@dataclass(frozen=True, slots=True)
class Missing:
    """The model says that its subject does not exist."""


@dataclass(frozen=True, slots=True)
class Rejected:
    problems: tuple[Problem, ...]


Verdict = Valid | Missing | Rejected


class Validator:
    """Checks answers. Safe to share: it keeps nothing of a text.

    Without `grounded` only the object, the form and the language are checked, and the text is cleaned as ever.
    """

    def __init__(self, language: LanguageCheck, *, grounded: bool = True) -> None:
        self._language = language
        self._grounded = grounded

    @classmethod
    def load(cls, *, grounded: bool = True) -> Self:
        """A validator with the packaged language model; takes most of a second, so it is done once, at start."""
        return cls(LanguageCheck.load(), grounded=grounded)

    def refuse(self, brief: Brief) -> tuple[Problem, ...]:
        """Why no call should be made for `brief`; nothing for every subject that can exist."""
        return implausible(brief.facts) if self._grounded else ()

    def check(self, answer: Answer, brief: Brief) -> Verdict:
        """What `answer` is worth as the text that `brief` asks for."""
        content = content_of(answer)
        if isinstance(content, Problem):
            return Rejected((content,))
        if not content.exists:
            return Missing()
        text = cleaned(content.text)
        problems = (
            *self._form_problems(text, brief),
            *(self._fact_problems(text, content, brief) if self._grounded else ()),
        )
        return Rejected(problems) if problems else Valid(text)

    def _form_problems(self, text: str, brief: Brief) -> Iterator[Problem]:
        titles = titles_of(brief.facts)
        shape = shape_problems(text, brief.form, titles)
        yield from shape
        if not any(problem.code in {"too_short", "too_long"} for problem in shape):
            yield from self._language.problems(text, brief.form, brief.locale, (*titles, *people_of(brief.facts)))

    def _fact_problems(self, text: str, content: Content, brief: Brief) -> Iterator[Problem]:
        facts, untitled = brief.facts, without(text, titles_of(brief.facts))
        yield from claim_problems(content, facts)
        yield from subject_problems(text, content, brief.form, facts)
        yield from number_problems(text, facts)
        yield from leak_problems(untitled)
        yield from obedience(untitled, facts)
        yield from copy_problems(text, brief.form, facts)
        yield from duplicate_problems(text, brief.form, brief.others, facts)
        if brief.source is not None:
            yield from fidelity(brief.source, text, facts)
