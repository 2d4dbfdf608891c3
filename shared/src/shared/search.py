"""What search compares: words, folded alike when they are stored and when they are asked for.

Pure. A word is `[a-z0-9]+`, transliterated by `shared.slugs.fold`. What punctuation splits is also kept joined, so that
`Ocean's` is found as `ocean s` and as `oceans`, and `WALL·E` as `wall e` and as `walle`. Typing mistakes are found as in
SymSpell (Wolf Garbe, 2012): two words that differ by one insertion, deletion, substitution or swap of neighbours share a
variant with one letter less.
"""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from shared import slugs
from shared.entities import KINDS, EntityKind, Locale, Role, ShowType

MAX_WORDS = 16
"""Of a question; what follows is ignored."""
MAX_CORRECTIONS = 8
SHORTEST_MISTAKEN = 4
"""Shorter words are taken as they are: one letter more or less makes another word of them."""
LONGEST_WORD = 64
_WORD = re.compile(r"[a-z0-9]+")
_NONE: Mapping[str, Iterable[str]] = MappingProxyType({})


def document(*texts: str | None) -> str:
    """The distinct words of `texts` and of their slugs with single spaces between them, as they are stored."""
    given = [text for text in texts if text and not text.isspace()]
    apart = (word for text in given for parts in _chunks(text) for word in (*parts, *_joined(parts)))
    spelled = (word[:LONGEST_WORD] for text in given for word in slugs.slugify(text).split("-"))
    return " ".join(dict.fromkeys((*apart, *spelled)))


def tags(kind: EntityKind, genres: Iterable[str]) -> list[str]:
    """What filters compare of the facts of an entity. They begin with `=`, so that no beginning of a word finds one."""
    named = list(dict.fromkeys(genres))
    words = document(*named).split()
    return [kind_tag(kind), *(genre_tag(slugs.slugify(genre)) for genre in named), *map(genre_word_tag, words)]


def kind_tag(kind: EntityKind) -> str:
    return f"=kind={KINDS[kind].one}"


def genre_tag(genre_slug: str) -> str:
    return f"=genre={genre_slug}"


def genre_word_tag(word: str) -> str:
    """A word of the name of a genre, for those who look for it as they look for a title."""
    return f"=about={word}"


def year_tag(year: int) -> str:
    return f"=year={year}"


def role_tag(role: Role) -> str:
    """Of a person who has this part in a stored title."""
    return f"=role={role}"


def show_type_tag(show_type: ShowType) -> str:
    return f"=show_type={show_type}"


def locale_tag(locale: Locale) -> str:
    """Of what has a text in this language."""
    return f"=locale={locale}"


def words(question: str) -> list[str]:
    """The distinct words of a question that may have been mistyped."""
    given = dict.fromkeys(word for parts in _asked(question) for word in (*parts, *_joined(parts)))
    return [word for word in given if len(word) >= SHORTEST_MISTAKEN]


def tsquery(
    question: str | None,
    required: Iterable[str] = (),
    meant: Mapping[str, Iterable[str]] = _NONE,
    any_of: Iterable[Iterable[str]] = (),
) -> str | None:
    """The question as a PostgreSQL `tsquery`, to be cast and not parsed; None when it asks for nothing.

    Every chunk must be found, as a word or as the beginning of one, or as one of the words `meant` instead; the `required` tags
    too, and one tag of each group of `any_of`.
    """
    clauses = [
        *(_lexeme(tag) for tag in required),
        *(f"({' | '.join(map(_lexeme, group))})" for group in map(tuple, any_of) if group),
        *(_clause(parts, meant) for parts in (_asked(question) if question else [])),
    ]
    return " & ".join(clauses) or None


def corrections(word: str, candidates: Iterable[str]) -> list[str]:
    """Those of `candidates` that one typing mistake turns into `word`, the likeliest first, at most `MAX_CORRECTIONS`.

    Two letters swapped are likelier than one wrong, one missing or one too many; the first letter is seldom wrong.
    """
    near = {other for other in candidates if one_mistake(word, other) and _WORD.fullmatch(other)}

    def unlikely(other: str) -> tuple[bool, bool, int, str]:
        return other[0] != word[0], sorted(other) != sorted(word), -len(other), other

    return sorted(near, key=unlikely)[:MAX_CORRECTIONS]


def one_mistake(one: str, other: str) -> bool:
    """Whether one insertion, deletion, substitution or swap of neighbours turns `one` into `other` (Damerau-Levenshtein distance 1)."""
    start = next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    left, right = one[start:], other[start:]
    swapped = left[1::-1] == right[:2] and left[2:] == right[2:]
    return one != other and (left[1:] == right[1:] or left[1:] == right or left == right[1:] or swapped)


def variants(word: str) -> frozenset[str]:
    """The word itself and what is left of it without one of its letters."""
    return frozenset({word, *(word[:place] + word[place + 1 :] for place in range(len(word)))})


def _clause(parts: list[str], meant: Mapping[str, Iterable[str]]) -> str:
    apart = " & ".join(_alternatives(part, meant) for part in parts)
    together = "".join(f" | {_alternatives(joined, meant)}" for joined in _joined(parts))
    return f"({apart}{together})"


def _alternatives(word: str, meant: Mapping[str, Iterable[str]]) -> str:
    beginning = f"{_lexeme(word)}:*" if len(word) > 1 else _lexeme(word)
    return f"({' | '.join((beginning, *map(_lexeme, meant.get(word, ()))))})"


def _lexeme(text: str) -> str:
    plain = text.replace("\\", "\\\\").replace("'", "''")
    return f"'{plain}'"


def _asked(question: str) -> list[list[str]]:
    """Signs alone, as in `$`, are asked for as their slug spells them."""
    spelled = [] if question.isspace() else [slugs.slugify(question).split("-")]
    return (_chunks(question) or spelled)[:MAX_WORDS]


def _chunks(text: str) -> list[list[str]]:
    """The words of each stretch without spaces."""
    found = ([word[:LONGEST_WORD] for word in _WORD.findall(chunk)] for chunk in slugs.fold(text).split())
    return [parts for parts in found if parts]


def _joined(parts: list[str]) -> list[str]:
    return ["".join(parts)[:LONGEST_WORD]] if len(parts) > 1 else []
