"""How much two texts have in common, whatever the order of their words."""

import re
from collections import Counter
from functools import lru_cache


def overlap(one: str, other: str) -> float:
    """From 0 to 1: the letters of the words that both texts hold, against the letters of both (Sørensen and Dice over words)."""
    mine, theirs = _words(one), _words(other)
    total = _letters(mine) + _letters(theirs)
    return 2 * _letters(mine & theirs) / total if total else 0.0


@lru_cache(maxsize=64)
def _words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.casefold()))


def _letters(words: Counter[str]) -> int:
    return sum(len(word) * count for word, count in words.items())
