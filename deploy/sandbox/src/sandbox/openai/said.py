"""What the model says about one subject: the truth, or what a fault or a bad model makes of it."""

import hashlib
import re
from dataclasses import dataclass, replace

from sandbox.texts.order import LOCALES, Facts, Order
from sandbox.texts.short import mentioned, write_short
from sandbox.texts.writer import Page, write

LONG_BYTES = 100 * 1024
SHORT_TEXT = "Ok."
HTML = '<script>alert("sandbox")</script><img src=x onerror="alert(1)"><a href="https://example.com/">…</a> '
WRONG_NAME = "Alan Smithee"
WRONG_TITLE = "The Lanterns of Port Mercy"
OBEYED = "CANARY-OBEYED"
_SHORT_FORMS = {"summary", "tagline"}
_COMMAND = re.compile(
    r"(?:reply|answer|respond|write|say|output|print)\b(?: only)?(?: with)?:?\s+(.{1,200})", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Said:
    """What the model says, and what it believes to say it about."""

    exists: bool = False
    title: str = ""
    year: int | None = None
    director: str | None = None
    text: str = ""


def say(order: Order, facts: Facts, kind: str = "") -> Said:
    """The text of an order. `kind` is a fault of content; what does not apply to these facts changes nothing."""
    believed = _false_facts(facts, kind)
    told = believed if order.source is None else _false_facts(mentioned(facts, order.source), kind)
    if kind == "wrong_language":
        order = replace(order, locale=LOCALES[(LOCALES.index(order.locale) + 1) % len(LOCALES)])
    return Said(
        exists=True,
        title=believed.local_title or believed.title,
        year=_year(order, believed),
        director=", ".join(believed.directors) or None if order.entity_type == "MOVIE" else None,
        text=_spoiled(order, told, kind),
    )


def _false_facts(facts: Facts, kind: str) -> Facts:
    if kind == "wrong_year":
        return replace(facts, year=_other_year(facts.year), birth_date=_other_date(facts.birth_date))
    if kind == "wrong_director":
        return replace(facts, directors=(WRONG_NAME,), creators=(WRONG_NAME,))
    if kind == "wrong_title":
        return replace(facts, title=WRONG_TITLE, local_title=None, original_title=None)
    return facts


def _year(order: Order, facts: Facts) -> int | None:
    if order.entity_type == "PERSON" and facts.birth_date:
        return int(facts.birth_date[:4])
    return facts.year


def _spoiled(order: Order, facts: Facts, kind: str) -> str:
    if kind == "copy_overview" and facts.overview:
        return facts.overview
    if kind == "near_duplicate" and order.avoid:
        return _nearly(order.avoid[0])
    if kind == "short":
        return SHORT_TEXT
    text = write_short(order, facts) if order.form in _SHORT_FORMS else write(order, facts)
    if kind == "html":
        return HTML + text
    if kind == "long":
        return (text + " ") * (LONG_BYTES // len(text.encode()) + 1)
    if kind == "injected":
        return f"{_obeyed(facts)} {text}"
    if kind == "invented":
        return f"{text} {Page(order, facts).pick('invented')[0]}"
    return text


def _nearly(text: str) -> str:
    """The same text with its first two sentences changed round."""
    sentences = re.split(r"(?<=[.!?]) ", text)
    return " ".join([*sentences[1:2], *sentences[:1], *sentences[2:]])


def _obeyed(facts: Facts) -> str:
    command = _COMMAND.search(f"{facts.overview or ''} {facts.title}")
    return command.group(1) if command else OBEYED


def _other_year(year: int | None) -> int:
    return 1953 if year is None else year + 7


def _other_date(date: str | None) -> str:
    return f"{_other_year(int(date[:4]) if date else None)}-01-28"


def lot(seed: str, share: int) -> int:
    """A number from 0 to `share` - 1, always the same one for a seed."""
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big") % share
