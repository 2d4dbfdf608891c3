"""Bring one stored entity's facts up to date."""

from shared.errors import Permanent, Transient, Unavailable
from shared.events import RefreshRequested
from shared.faults import crash_point
from shared.jobs import Attempt, Failure, FailureType
from tmdb_sync.ports import Catalog, FactStore


class SyncEntity:
    """One refresh per job: the stored facts become the catalogue's, or stay as they are and are marked stale."""

    def __init__(self, catalog: Catalog, store: FactStore) -> None:
        self._catalog = catalog
        self._store = store

    async def __call__(self, event: RefreshRequested, attempt: Attempt) -> None:
        """Raises Permanent when the entity or its catalogue entry is gone, Transient when the catalogue cannot be reached."""
        known = await self._store.known(event.entity_id)
        if known is None:
            raise Permanent(_failure(FailureType.NOT_FOUND, "the entity is not stored with a catalogue id"))
        await crash_point("sync.before_call")
        try:
            facts = await self._catalog.facts(known.kind, known.tmdb_id)
            await crash_point("sync.after_call")
        except Unavailable as away:
            if away.dependency != "tmdb":
                raise
            await self._store.mark_stale(known.entity_id)
            raise Transient(_failure(FailureType.UNKNOWN_ERROR, "the catalogue is unavailable")) from away
        except Transient:
            await self._store.mark_stale(known.entity_id)
            raise
        if facts is None:
            await self._store.mark_stale(known.entity_id)
            raise Permanent(_failure(FailureType.NOT_FOUND, "the catalogue no longer has this entity"))
        await self._store.refresh(attempt, event, facts)


def _failure(kind: FailureType, message: str) -> Failure:
    return Failure(type=kind, technical_message=message)
