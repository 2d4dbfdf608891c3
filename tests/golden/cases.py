"""The golden set: texts as models write them, good ones and bad ones, each about a subject of the sample catalogue.

`data/<locale>.toml` holds the cases of one locale. A case has a text of its own, or it is another one (`like`) with something changed:
pieces of the text, its end (`cut`), what the answer claims, the subject, or what the facts say (`overview`).
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.golden.catalogue import catalogue

from generator.ports import Answer, Brief
from shared.entities import ContextTag, Facts, Form, Locale, PersonDetails

GOOD = "good"
CODES: Mapping[str, frozenset[str]] = {
    "hallucinated": frozenset(
        {"title", "year", "director", "director_in_text", "year_in_text", "count_in_text", "subject"}
    ),
    "wrong language": frozenset({"language"}),
    "injected": frozenset({"obeyed", "leak"}),
    "copied": frozenset({"copied", "copied_tagline"}),
    "truncated": frozenset({"truncated", "unfinished", "malformed"}),
    "near-duplicate": frozenset({"near_duplicate"}),
    "wrong form": frozenset({"too_short", "too_long", "markup", "url", "markdown", "label"}),
    "unfaithful": frozenset({"lost_number", "new_number", "lost_name", "cut", "untranslated"}),
}
"""What is wrong with the cases of a class, and the reasons that say so."""
_DATA = Path(__file__).parent / "data"
_ANSWERED = ("title", "year", "director")


@dataclass(frozen=True, slots=True)
class Case:
    """One answer of a model and the class that a careful reader puts it into. `held_out` cases chose no threshold."""

    id: str
    kind: str
    brief: Brief
    answer: Answer
    text: str
    held_out: bool

    @property
    def locale(self) -> Locale:
        return self.brief.locale


@cache
def cases() -> tuple[Case, ...]:
    """Every case, in the order of the files; each third one of a class is held out."""
    raw = _raw()
    counts: dict[str, int] = {}
    found: list[Case] = []
    for name in raw:
        kind = raw[name]["class"]
        counts[kind] = counts.get(kind, 0) + 1
        found.append(_case(raw, name, held_out=counts[kind] % 3 == 0))
    return tuple(found)


def _raw() -> dict[str, dict[str, Any]]:
    return {
        f"{locale}/{case['id']}": case
        for locale in Locale
        for case in tomllib.loads((_DATA / f"{locale}.toml").read_text("utf-8"))["case"]
    }


def _case(raw: Mapping[str, dict[str, Any]], name: str, *, held_out: bool) -> Case:
    locale, _, own = name.partition("/")
    given = _whole(raw, locale, raw[name])
    facts = _facts(given)
    text = _text(given)
    brief = Brief(
        facts,
        Form(given.get("form", "description")),
        Locale(locale),
        ContextTag.DEFAULT,
        others=tuple(_text(_whole(raw, locale, raw[other])) for other in given.get("others", ())),
        source=given.get("source"),
    )
    said: dict[str, Any] = {"exists": True, "title": facts.titles.get(locale) or facts.title}
    said |= {"year": facts.year, "director": facts.director, "text": text}
    said |= {member: given[member] for member in _ANSWERED if member in given}
    answer = Answer(json.dumps(said), given.get("finish_reason", "stop"), "golden")
    return Case(f"{locale}/{own}", given["class"], brief, answer, text, held_out)


def _whole(raw: Mapping[str, dict[str, Any]], locale: str, case: dict[str, Any]) -> dict[str, Any]:
    """`case` with what it takes from the one it is like."""
    if "like" not in case:
        return case
    like = case["like"] if "/" in case["like"] else f"{locale}/{case['like']}"
    return {**_whole(raw, locale, raw[like]), **case}


def _facts(given: Mapping[str, Any]) -> Facts:
    facts = catalogue()[given["subject"]]
    if "overview" not in given:
        return facts
    member = "biography" if isinstance(facts.details, PersonDetails) else "overview"
    return facts.model_copy(update={"details": facts.details.model_copy(update={member: given["overview"]})})


def _text(given: Mapping[str, Any]) -> str:
    text: str = given["text"]
    for old, new in given.get("change", ()):
        assert old in text, (given["id"], old)
        text = text.replace(old, new, 1)
    return text[: given.get("cut", len(text))]
