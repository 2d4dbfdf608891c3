"""The language of messages: one of five, negotiated from `Accept-Language`. It never chooses the language of content."""

from enum import StrEnum


class Language(StrEnum):
    EN = "en"
    PL = "pl"
    DE = "de"
    FR = "fr"
    ES = "es"


_BY_RANGE = {"*": Language.EN} | {language.value: language for language in Language}
_MAX_RANGES = 32


def negotiate(header: str | None) -> Language:
    """The best supported language of an `Accept-Language` header (RFC 9110 section 12.5.4), else English.

    Ranges match by their primary subtag; equal weights prefer the one named first; malformed ranges are ignored.
    """
    best, best_weight = Language.EN, 0.0
    for item in (header or "").split(",")[:_MAX_RANGES]:
        tag, _, parameters = item.partition(";")
        primary = tag.strip().partition("-")[0].lower()
        weight = _weight(parameters)
        if weight > best_weight and primary in _BY_RANGE:
            best, best_weight = _BY_RANGE[primary], weight
    return best


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if not name:
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if name.strip().lower() == "q" and 0 <= weight <= 1 else 0.0
