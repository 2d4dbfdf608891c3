"""The sandbox's writer knows its facts: whatever it writes about whatever it knows passes the guard."""

import json
from collections import Counter
from dataclasses import dataclass, field

import pytest
from tests.golden.catalogue import people, titles
from tests.support import summary

from generator import prompts
from generator.guard import Rejected, Validator
from generator.ports import Answer, Brief
from sandbox.texts.order import read_order
from sandbox.texts.short import write_short
from sandbox.texts.writer import write
from shared.entities import SHORT_FORMS, ContextTag, Form, Locale

EVERY = 8
"""Each so manyth person is written about: most are known by little more than a name."""


@dataclass(slots=True)
class Refusals:
    """Texts that were checked, and those that were refused, by subject."""

    checked: Counter[str] = field(default_factory=Counter[str])
    refused: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    @property
    def lines(self) -> list[str]:
        texts = ", ".join(f"{what} {count}" for what, count in sorted(self.checked.items()))
        return [f"{texts} texts: {len(self.refused)} refused"] if self.checked else []


TALLY = Refusals()
summary.say("texts of the sample catalogue", lambda: TALLY.lines)


@pytest.fixture(scope="module")
def validator() -> Validator:
    return Validator.load()


def written(brief: Brief) -> str:
    order = read_order([message.content for message in prompts.render(brief).messages])
    assert order is not None
    assert order.facts is not None
    return write_short(order, order.facts) if brief.form in SHORT_FORMS else write(order, order.facts)


def check(validator: Validator, slug: str, brief: Brief) -> str:
    facts, text = brief.facts, written(brief)
    said = {"exists": True, "title": facts.titles.get(brief.locale) or facts.title, "year": facts.year}
    answer = Answer(json.dumps({**said, "director": facts.director, "text": text}), "stop", "sandbox")
    verdict = validator.check(answer, brief)
    TALLY.checked[brief.form] += 1
    if isinstance(verdict, Rejected):
        TALLY.refused[f"{slug} {brief.form} {brief.locale}"] = [problem.code for problem in verdict.problems]
    return text


@pytest.mark.parametrize("locale", list(Locale))
def test_no_title_of_the_catalogue_is_refused_in_any_language(validator: Validator, locale: Locale) -> None:
    tags = list(ContextTag)

    for number, (slug, facts) in enumerate(titles().items()):
        check(validator, slug, Brief(facts, Form.DESCRIPTION, locale, tags[number % len(tags)]))

    assert len(titles()) >= 300
    assert TALLY.refused == {}


@pytest.mark.parametrize("locale", list(Locale))
def test_no_person_of_the_catalogue_is_refused_in_any_language(validator: Validator, locale: Locale) -> None:
    tags = list(ContextTag)

    for number, (slug, facts) in enumerate(people().items()):
        if number % EVERY == 0:
            check(validator, slug, Brief(facts, Form.BIO, locale, tags[number % len(tags)]))

    assert TALLY.refused == {}


@pytest.mark.parametrize("form", sorted(SHORT_FORMS))
def test_no_short_text_or_its_translation_is_refused(validator: Validator, form: Form) -> None:
    few = {slug: facts for number, (slug, facts) in enumerate(people().items()) if number % EVERY == 0}

    for slug, facts in {**titles(), **few}.items():
        english = Brief(facts, form, Locale.EN, ContextTag.DEFAULT)
        source = check(validator, slug, english)
        for locale in set(Locale) - {Locale.EN}:
            check(validator, slug, Brief(facts, form, locale, ContextTag.DEFAULT, source=source))

    assert TALLY.refused == {}
