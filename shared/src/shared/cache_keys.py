"""Names in Redis, spelled here only."""

import hashlib

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


def ai_rate(endpoint: str) -> str:
    """Hash of what is taken of the limits of an AI provider. Shares its hash slot with `ai_workers`."""
    return f"airate:{{{_short(endpoint)}}}"


def ai_workers(endpoint: str) -> str:
    """Sorted set of the workers that lately called an AI provider, by time."""
    return f"aiworkers:{{{_short(endpoint)}}}"


def _short(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:32]
