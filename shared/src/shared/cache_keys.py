"""Names in Redis, spelled here only."""

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
