"""The stored entities that slugs name."""

import asyncio
from dataclasses import dataclass

from gateway.ports import EntityIndex, EntityRef
from shared import slugs
from shared.entities import EntityKind


@dataclass(frozen=True, slots=True)
class NotStored:
    """`slug` names nothing that is stored: it is normalised, or as sent when it cannot be a slug."""

    slug: str


def normalised(*sent: str) -> tuple[str, ...] | NotStored:
    """What callers' slugs mean; the first of them that cannot be a slug names nothing."""
    found: list[str] = []
    for slug in sent:
        try:
            found.append(slugs.normalise(slug))
        except slugs.SlugError:
            return NotStored(slug)
    return tuple(found)


async def resolve(index: EntityIndex, kind: EntityKind, *wanted: str) -> tuple[EntityRef, ...] | NotStored:
    """One for each normalised slug, whatever its spelling; else the first that names none. Raises Unavailable("postgres")."""
    found = await asyncio.gather(*(index.resolve(kind, slug) for slug in wanted))
    known = tuple(ref for ref in found if ref is not None)
    return known if len(known) == len(wanted) else NotStored(wanted[found.index(None)])
