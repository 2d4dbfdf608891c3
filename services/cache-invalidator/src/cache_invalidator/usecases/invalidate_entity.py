"""Make sure that nobody is shown an entity as it was before an event."""

from cache_invalidator.ports import Cache
from shared.events import EntityChanged, GenerationCompleted, RefreshCompleted
from shared.faults import crash_point


class InvalidateEntity:
    """Repeated, late and reordered events are harmless: only a newer version than the announced one changes anything."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    async def __call__(self, event: GenerationCompleted | RefreshCompleted | EntityChanged) -> None:
        await crash_point("invalidator.before_delete")
        await self._cache.invalidate(event.entity_kind, event.slug, event.entity_version)
        await crash_point("invalidator.after_delete")
