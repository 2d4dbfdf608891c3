"""Puts sentences together: what is known about an entity, in one language and style, between 80 and 150 words."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.texts.language import Language, Value, fill, language
from sandbox.texts.order import Facts, Order

ENOUGH_WORDS = 92
MAX_FACT_WORDS = 125
MIN_FACTS = 4
SUMMARY_CHARACTERS = 280
# four digits would read as a year, and guards that compare years with the facts would be right to object
MAX_COUNT = 999
_KINDS = {"MOVIE": "film", "TV_SERIES": "series", "TV_SHOW": "show"}


def write(order: Order, facts: Facts) -> str:
    """The text of an order: the same order gets the same text, other `avoid` texts get other sentences.

    Only `facts` are used, a missing fact drops its sentence, and the overview is never quoted.
    """
    lang = language(order.locale)
    page = _Page(lang, order, _values(facts, lang))
    person = order.entity_type == "PERSON"
    if order.form == "tagline":
        return " ".join(page.pick("person.tagline" if person else "tagline"))
    if order.form == "summary":
        return _summary(page, person=person)
    return _bio(page) if person else _description(page)


@dataclass(frozen=True, slots=True)
class _Page:
    """Chooses sentences for one order."""

    language: Language
    order: Order
    values: dict[str, Value]

    def pick(self, *slots: str, count: int = 1) -> list[str]:
        """Up to `count` different sentences of the first slot that has any; those not yet in `avoid` come first."""
        for slot in slots:
            filled = [fill(line, self.values) for line in self.language.sentences(self.order.tag, slot)]
            if usable := [line for line in filled if line]:
                return sorted(usable, key=self._rank)[:count]
        return []

    def _rank(self, sentence: str) -> tuple[int, bytes]:
        used = sum(sentence in text for text in self.order.avoid)
        return used, hashlib.sha256(f"{self.order.seed}\n{sentence}".encode()).digest()


def _description(page: _Page) -> str:
    kind = _KINDS[page.order.entity_type]
    screen = {
        "film": (page.pick("directors"), page.pick("cast", "lead"), page.pick("runtime")),
        "series": (page.pick("creators", "directors"), page.pick("cast", "lead"), page.pick("seasons", "seasons.only")),
        "show": (page.pick("hosts"), page.pick("creators"), page.pick("seasons", "seasons.only")),
    }[kind]
    facts = [page.pick(kind, "bare"), page.pick("genre"), *screen, page.pick("network"), page.pick("original")]
    return _woven(facts, page.pick("mood", count=6), page.pick("end"))


def _bio(page: _Page) -> str:
    born = page.pick("birth", "birth.date", "birth.place")
    facts = [page.pick("person"), born, page.pick("death"), page.pick("known")]
    return _woven(facts, page.pick("person.mood", count=5), page.pick("person.end"))


def _woven(facts: Sequence[list[str]], moods: list[str], end: list[str]) -> str:
    known = [sentence for found in facts for sentence in found]
    while len(known) > MIN_FACTS and _words([*known, *end]) > MAX_FACT_WORDS:
        known.pop()
    words = _words([*known, *end])
    chosen: list[str] = []
    for mood in moods:
        if words < ENOUGH_WORDS or len(chosen) < 1:
            chosen.append(mood)
            words += len(mood.split())
    return " ".join([*known[:2], *chosen[:1], *known[2:4], *chosen[1:2], *known[4:], *chosen[2:], *end])


def _words(sentences: Sequence[str]) -> int:
    return sum(len(sentence.split()) for sentence in sentences)


def _summary(page: _Page, *, person: bool) -> str:
    kind = "person" if person else _KINDS[page.order.entity_type]
    facts = [page.pick(kind, "bare"), page.pick("genre"), page.pick("directors", "creators", "hosts", "known")]
    text = ""
    for found in (*facts, page.pick("person.summary" if person else "summary")):
        longer = " ".join([text, *found]).strip()
        text = longer if len(longer) <= SUMMARY_CHARACTERS else text
    return text or page.values["title"].text[:SUMMARY_CHARACTERS]


def _values(facts: Facts, lang: Language) -> dict[str, Value]:
    genres = [name for genre in facts.genres if (name := lang.term("genres", genre))]
    known = [lang.quoted(work.title) + (f" ({work.year})" if work.year else "") for work in facts.known_for]
    lists = {
        "genres": genres[:3],
        "directors": facts.directors[:2],
        "creators": facts.creators[:2],
        "cast": facts.cast[:3] if len(facts.cast) > 1 else (),
        "lead": facts.cast if len(facts.cast) == 1 else (),
        "hosts": facts.cast[:2],
        "networks": facts.networks[:2],
        "known": known[:3],
    }
    title = facts.local_title or facts.title
    original = facts.original_title if facts.original_title != title else None
    texts = {
        "title": title,
        "year": str(facts.year) if facts.year else None,
        "original": original,
        "show_type": lang.term("types", facts.show_type) if facts.show_type else None,
        "birth": lang.date(facts.birth_date) if facts.birth_date else None,
        "death": lang.date(facts.death_date) if facts.death_date else None,
        "birthplace": facts.birthplace,
    }
    numbers = {"seasons": facts.seasons, "episodes": facts.episodes, "runtime": facts.runtime_min}
    return {
        **{name: Value(lang.join(names), len(names)) for name, names in lists.items() if names},
        **{name: Value(text) for name, text in texts.items() if text},
        **{name: Value(str(n), n) for name, n in numbers.items() if n and n <= MAX_COUNT},
    }
