"""What a text of each form may look like, whatever it says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from generator.guard.folding import without
from generator.guard.problems import Problem
from shared.entities import Form


@dataclass(frozen=True, slots=True)
class Limits:
    """Characters of a cleaned text, and whether it consists of whole sentences."""

    shortest: int
    longest: int
    sentences: bool = True


LIMITS: Mapping[Form, Limits] = MappingProxyType(
    {
        Form.DESCRIPTION: Limits(50, 5000),
        Form.BIO: Limits(50, 5000),
        Form.SUMMARY: Limits(30, 280),
        Form.TAGLINE: Limits(5, 100, sentences=False),
    }
)
_MARKUP = re.compile(r"<[a-z/!?]", re.IGNORECASE)
_URL = re.compile(
    r"(?:\b[a-z][a-z0-9+.-]*://|\bwww\.|\bmailto:)\S|\b[\w-]+\.(?:com|org|net|io|tv|info|ru|cn|pl|de|fr|es)\b(?!\.\w)|[\w.+-]+@[\w-]+\.\w",
    re.IGNORECASE,
)
_MARKDOWN = re.compile(r"```|\[[^\]]+\]\([^)]+\)|\*\*[^*]+\*\*|(?:^|\s)#{1,6}\s|(?:^|\s)[*•▪]\s|\|\s*-{3,}")
_ENDED = re.compile(r"[.!?…。][\"“”„«»’'‘)\]]*$|[!?…][\"“”„«»’'‘)\]]*$|[.!?…]\s»$|[“”»\"]$")
_QUOTED_WHOLE = re.compile(r"^[\"“„«][^\"“”„«»]*[\"”“»]$")
_LABEL = re.compile(
    r"^(?:description|summary|synopsis|tagline|bio(?:graphy)?|opis|podsumowanie|streszczenie|hasło|biografia|beschreibung|"
    r"zusammenfassung|biografie|slogan|résumé|accroche|biographie|descripción|resumen|sinopsis|eslogan|biografía|text|tekst|texte|texto)\s*:",
    re.IGNORECASE,
)


def shape_problems(text: str, form: Form, titles: tuple[str, ...] = ()) -> tuple[Problem, ...]:
    """What is wrong with cleaned `text` as a text of `form`. A web address inside one of `titles` is a title."""
    limits = LIMITS[form]
    untitled = without(text, titles)
    found = {
        Problem("too_short", f"The text has fewer than {limits.shortest} characters."): len(text) < limits.shortest,
        Problem("too_long", f"The text has more than {limits.longest} characters."): len(text) > limits.longest,
        Problem("markup", "The text contains HTML."): _MARKUP.search(text),
        Problem("url", "The text contains a web address."): _URL.search(untitled),
        Problem("markdown", "The text contains Markdown or a list."): _MARKDOWN.search(text),
        Problem("label", "The text begins with a label or stands in quotation marks."): _LABEL.match(text)
        or (form is Form.TAGLINE and _QUOTED_WHOLE.match(text)),
        Problem("unfinished", "The text ends in the middle of a sentence."): limits.sentences
        and len(text) >= limits.shortest
        and not _ENDED.search(text),
    }
    return tuple(problem for problem, holds in found.items() if holds)
