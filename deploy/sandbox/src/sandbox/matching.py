"""One rule for comparing titles: case, accents and punctuation do not count."""

import re
import unicodedata
from functools import lru_cache

_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "&": " and "})


@lru_cache(maxsize=16384)
def plain(text: str) -> str:
    """`text` in lower case without accents, every run of other signs as one space."""
    folded = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    kept = "".join(sign for sign in folded if not unicodedata.combining(sign))
    return " ".join(re.findall(r"[^\W_]+", kept))
