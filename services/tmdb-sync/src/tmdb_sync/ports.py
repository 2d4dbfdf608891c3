"""What keeping facts in step needs of the outside world."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from shared.entities import EntityKind, Facts
from shared.events import RefreshRequested
from shared.jobs import Attempt


@dataclass(frozen=True, slots=True)
class Known:
    """A stored entity, as the catalogue knows it."""

    entity_id: UUID
    kind: EntityKind
    tmdb_id: int


class Catalog(Protocol):
    async def facts(self, kind: EntityKind, tmdb_id: int) -> Facts | None:
        """What the catalogue says now; None when it no longer has the entity. Raises Transient or Unavailable("tmdb")."""
        ...


class FactStore(Protocol):
    async def known(self, entity_id: UUID) -> Known | None:
        """The stored entity, None when it is gone or was never in the catalogue. Raises Unavailable("postgres")."""
        ...

    async def refresh(self, attempt: Attempt, event: RefreshRequested, facts: Facts) -> None:
        """Facts, snapshot, credits, version, job DONE, inbox and completion event in one transaction. Raises LeaseLost."""
        ...

    async def mark_stale(self, entity_id: UUID) -> None:
        """Remember that the last try to renew the facts failed; the stored ones remain."""
        ...
