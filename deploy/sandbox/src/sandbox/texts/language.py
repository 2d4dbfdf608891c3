"""One language: its words, its genre names and its template sentences, read from `<locale>.txt`.

A file has sections `[words]`, `[genres]`, `[types]`, `[neutral]` and one per style; every line is `name: text`, and a
name may repeat. In a sentence `{year}` stands for a fact, and `{cast?gra|grają}` for the form that fits the number of
that fact: the first for one, the last for many; three forms follow the Slavic rule for counted nouns.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

_PLACE = re.compile(r"\{(\w+)(?:\?([^}]*))?\}")


@dataclass(frozen=True, slots=True)
class Value:
    """A fact as words, and the number that forms of other words agree with."""

    text: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Language:
    """Sections of one language file: section, then name, then the texts in file order."""

    sections: Mapping[str, Mapping[str, Sequence[str]]]

    def word(self, name: str) -> str:
        """A word that every language has."""
        return self.sections["words"][name][0]

    def term(self, section: str, name: str) -> str | None:
        """The name of a genre or show type, null when this language has none."""
        return next(iter(self.sections[section].get(name, ())), None)

    def sentences(self, style: str, slot: str) -> Sequence[str]:
        """The templates of a slot: those of the style, else the neutral ones."""
        return self.sections[style].get(slot) or self.sections["neutral"].get(slot, ())

    def quoted(self, title: str) -> str:
        """A title in the quotation marks of the language."""
        return self.word("quote").replace("*", title)

    def date(self, iso: str) -> str:
        """A date in words."""
        year, month, day = (int(part) for part in iso.split("-"))
        months = self.word("months").split()
        return self.word("date").format(day=day, month=months[month - 1], year=year)

    def join(self, names: Sequence[str]) -> str:
        """`A, B and C`; Spanish has `e` before the sound i."""
        if len(names) < 2:
            return "".join(names)
        last = names[-1]
        word = "e" if self.word("and") == "y" and re.match(r"h?[ií](?!e)", last.casefold()) else self.word("and")
        return f"{', '.join(names[:-1])} {word} {last}"


@cache
def language(locale: str) -> Language:
    """The language of a locale, read once."""
    sections: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    section = ""
    for line in (resources.files("sandbox") / "texts" / f"{locale}.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line:
            name, _, text = line.partition(": ")
            sections[section][name].append(text)
    return Language({name: dict(lines) for name, lines in sections.items()})


def fill(template: str, values: Mapping[str, Value]) -> str | None:
    """The sentence with facts in place, null when it needs one that is not known."""
    if any(name not in values for name, _ in _PLACE.findall(template)):
        return None
    return _PLACE.sub(lambda found: _fit(found.group(2), values[found.group(1)]), template)


def _fit(forms: str | None, value: Value) -> str:
    if forms is None:
        return value.text
    choices = forms.split("|")
    if value.count == 1:
        return choices[0]
    few = value.count % 10 in {2, 3, 4} and value.count % 100 not in {12, 13, 14}
    return choices[1] if len(choices) == 3 and few else choices[-1]
