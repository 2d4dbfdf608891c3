"""Names in Redis, spelled here only."""

import hashlib
from datetime import date

from shared.entities import EntityKind


def entity_bodies(kind: EntityKind, slug: str) -> str:
    """Hash of an entity's finished responses; a field is a variant (`variant`)."""
    return f"cache:{{{kind}:{slug}}}"


def entity_version(kind: EntityKind, slug: str) -> str:
    """The newest version an invalidation has announced for the entity. Shares its hash slot with `entity_bodies`."""
    return f"cachever:{{{kind}:{slug}}}"


def variant(locale: str | None, text_id: str | None) -> str:
    """The field of one representation."""
    return f"{locale or ''}|{text_id or ''}"


def answer(kind: EntityKind, question: str) -> str:
    """A finished answer about many entities of a kind. `question` is canonical and may be of any length."""
    return f"answer:{kind}:{_short(question)}"


def generation(kind: EntityKind) -> str:
    """The present generation of the answers about a kind: a name that is never used again."""
    return f"answergen:{kind}"


def told(kind: EntityKind, slug: str) -> str:
    """The newest version of an entity for which generations were ended."""
    return f"answerver:{kind}:{slug}"


def rate(provider: str) -> str:
    """Hash of what is taken of the limits of a provider, and of its pause. Shares its hash slot with `rate_sharers`."""
    return f"rate:{{{_short(provider)}}}"


def rate_sharers(provider: str) -> str:
    """Sorted set of the processes that lately called a provider, by time."""
    return f"ratesharers:{{{_short(provider)}}}"


def quota(provider: str, day: date) -> str:
    """Hash of the calls made of a provider on a UTC day."""
    return f"quota:{{{_short(provider)}}}:{day}"


def _short(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:32]
