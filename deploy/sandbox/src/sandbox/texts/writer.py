"""Puts sentences together: what is known about an entity, in one language and style, between 80 and 150 words."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from sandbox.texts.language import Language, Value, fill, language
from sandbox.texts.order import Facts, Order
from sandbox.texts.overlap import overlap

ENOUGH_WORDS = 92
MAX_FACT_WORDS = 125
MIN_FACTS = 4
DRAFTS = 40
"""Texts tried when there are texts to avoid, until one is far enough from all of them; else the farthest is taken."""
FAR_ENOUGH = 0.45
# four digits would read as a year, and guards that compare years with the facts would be right to object
MAX_COUNT = 999
KINDS = {"MOVIE": "film", "TV_SERIES": "series", "TV_SHOW": "show"}


def write(order: Order, facts: Facts) -> str:
    """The long text of an order: the same order gets the same text, other `avoid` texts get other sentences.

    Only `facts` are used, a missing fact drops its sentence, and the overview is never quoted.
    """
    best, least = "", 2.0
    for number in range(DRAFTS):
        draft = _draft(order, facts, number)
        likeness = Page(order, facts).likeness(draft)
        if likeness < least:
            best, least = draft, likeness
        if least <= FAR_ENOUGH:
            break
    return best


@dataclass(frozen=True)
class Page:
    """Chooses sentences for one order. Drafts of the same order differ in the sentences that nothing else decides."""

    order: Order
    facts: Facts
    draft: int = 0

    @cached_property
    def language(self) -> Language:
        return language(self.order.locale)

    @cached_property
    def values(self) -> dict[str, Value]:
        """The facts as words of the language."""
        return _values(self.facts, self.language)

    def pick(self, *slots: str, count: int = 1) -> list[str]:
        """Up to `count` different sentences of the first slot that has any."""
        for slot in slots:
            if found := self.sentences(slot):
                return found[:count]
        return []

    def sentences(self, slot: str) -> list[str]:
        """What the slot has for these facts: those not in `avoid` first, and those of the style before the neutral ones."""
        return sorted(filter(None, (fill(line, self.values) for line in self._lines(slot))), key=self._rank)

    def _lines(self, slot: str) -> Sequence[str]:
        own = self.language.sentences(self.order.tag, slot)
        return [*own, *self._spare(slot)] if self.order.avoid else own

    def _spare(self, slot: str) -> Sequence[str]:
        return self.language.sections["neutral"].get(f"{slot}.spare", ())

    @cached_property
    def _neutral(self) -> frozenset[str]:
        spare = [
            line
            for slot, lines in self.language.sections["neutral"].items()
            if slot.endswith(".spare")
            for line in lines
        ]
        return frozenset(filter(None, (fill(line, self.values) for line in spare)))

    def _rank(self, sentence: str) -> tuple[int, bool, bytes]:
        # every other draft takes its chances, or the same few sentences would be left for all of them
        used = 0 if self.draft % 2 else sum(sentence in text for text in self.order.avoid)
        return used, sentence in self._neutral, self._chance(sentence)

    def likeness(self, text: str) -> float:
        """How much `text` has in common with any text to avoid."""
        return max((overlap(text, other) for other in self.order.avoid), default=0.0)

    def _chance(self, subject: str) -> bytes:
        """The same lot for the same order, draft and subject."""
        return hashlib.sha256(f"{self.order.seed}\n{self.draft or ''}{subject}".encode()).digest()


def _draft(order: Order, facts: Facts, number: int) -> str:
    page = Page(order, facts, number)
    return _bio(page) if order.entity_type == "PERSON" else _description(page)


def _description(page: Page) -> str:
    kind = KINDS[page.order.entity_type]
    screen = {
        "film": (page.pick("directors"), page.pick("cast", "lead"), page.pick("runtime")),
        "series": (page.pick("creators", "directors"), page.pick("cast", "lead"), page.pick("seasons", "seasons.only")),
        "show": (page.pick("hosts"), page.pick("creators"), page.pick("seasons", "seasons.only")),
    }[kind]
    facts = [page.pick(kind, "bare"), page.pick("genre"), *screen, page.pick("network"), page.pick("original")]
    return _woven(facts, page.pick("mood", count=6), page.pick("end"))


def _bio(page: Page) -> str:
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
