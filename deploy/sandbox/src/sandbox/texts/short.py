"""Summaries and taglines: written in a few sentences, or translated with the facts of their source."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import replace

from sandbox.texts.language import fill, language
from sandbox.texts.order import Facts, Order
from sandbox.texts.writer import KINDS, Page

SUMMARY_CHARACTERS = 280
TAGLINE_CHARACTERS = 100
MAX_DRAFTS = 100
SOURCE_LOCALE = "en-US"
_TOLD: dict[str, tuple[tuple[str, ...], ...]] = {
    "film": (("directors",), ("cast", "lead"), ("runtime",), ("network",)),
    "series": (("creators",), ("directors",), ("cast", "lead"), ("seasons", "seasons.only"), ("network",)),
    "show": (("hosts",), ("creators",), ("seasons", "seasons.only"), ("network",)),
    "person": (("known",), ("birth", "birth.date", "birth.place"), ("death",)),
}
"""The slots that tell facts of a kind, the most important first."""


def write_short(order: Order, facts: Facts) -> str:
    """A summary of at most 280 characters or a tagline of at most 100.

    With a `source` it is a translation: it tells all of `facts`, which are to be those that the source mentions.
    """
    page = Page(order, facts)
    return _tagline(page) if order.form == "tagline" else _summary(page)


def _tagline(page: Page) -> str:
    slot = "person.tagline" if page.order.entity_type == "PERSON" else "tagline"
    fitting = [line for line in page.sentences(slot) if len(line) <= TAGLINE_CHARACTERS]
    same = _counterpart(page, slot)
    if same in fitting:
        return same
    return fitting[0] if fitting else page.values["title"].text[:TAGLINE_CHARACTERS]


def _counterpart(page: Page, slot: str) -> str:
    """The sentence that says in this language what the source says; the languages list their taglines in the same order."""
    source = Page(replace(page.order, locale=SOURCE_LOCALE), replace(page.facts, local_title=None))
    pairs = zip(
        language(SOURCE_LOCALE).sentences(page.order.tag, slot),
        page.language.sentences(page.order.tag, slot),
        strict=True,
    )
    same = (mine for theirs, mine in pairs if fill(theirs, source.values) == page.order.source)
    return next((fill(line, page.values) or "" for line in same), "")


def _summary(page: Page) -> str:
    """Who or what it is, and who made it or what else the source tells; a genre and a last sentence where there is room."""
    person = page.order.entity_type == "PERSON"
    kind = "person" if person else KINDS[page.order.entity_type]
    leads = page.sentences(kind) or page.sentences("bare")
    known = [found for slots in _TOLD[kind] if (found := page.pick(*slots, count=3))]
    told = known[:1] if page.order.source is None else known
    fitting = filter(_fits, map(" ".join, itertools.product(leads, *told)))
    drafts = list(itertools.islice(fitting, MAX_DRAFTS if page.order.avoid else 1)) or [_compact(page)]
    ends = ("genre", "person.summary" if person else "summary")
    return min((_ended(page, draft, ends) for draft in drafts), key=page.likeness)


def _ended(page: Page, text: str, slots: Sequence[str]) -> str:
    for slot in slots:
        longer = " ".join([text, *page.pick(slot)])
        text = longer if _fits(longer) else text
    return text


def _compact(page: Page) -> str:
    """Facts without sentences, for names so long that no sentence has room for them."""
    values = page.values
    text = page.language.quoted(values["title"].text) + (f" ({values['year'].text})" if "year" in values else "")
    for name in ("directors", "creators", "cast", "lead", "known"):
        longer = f"{text}; {values[name].text}" if name in values else text
        text = longer if len(longer) < SUMMARY_CHARACTERS else text
    return f"{text[: SUMMARY_CHARACTERS - 1]}."


def _fits(text: str) -> bool:
    return len(text) <= SUMMARY_CHARACTERS


def mentioned(facts: Facts, source: str) -> Facts:
    """The facts that the source tells, by the name or the number that stands in it."""
    numbers = set(map(int, re.findall(r"\d{1,6}", source)))
    terms = language(SOURCE_LOCALE).sections["genres"]

    def named(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in names if name in source)

    def counted(number: int | None) -> int | None:
        return number if number in numbers else None

    def dated(date: str | None) -> str | None:
        return date if date and int(date[:4]) in numbers else None

    return replace(
        facts,
        year=counted(facts.year),
        genres=tuple(genre for genre in facts.genres if terms.get(genre, [genre])[0] in source),
        directors=named(facts.directors),
        creators=named(facts.creators),
        cast=named(facts.cast),
        networks=named(facts.networks),
        seasons=counted(facts.seasons),
        episodes=counted(facts.episodes),
        runtime_min=counted(facts.runtime_min),
        birth_date=dated(facts.birth_date),
        death_date=dated(facts.death_date),
        birthplace=facts.birthplace if facts.birthplace and facts.birthplace in source else None,
        known_for=tuple(replace(w, year=counted(w.year)) for w in facts.known_for if w.title in source),
    )
