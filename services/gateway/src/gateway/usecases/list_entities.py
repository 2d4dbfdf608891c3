"""A page of what is stored."""

from gateway.read_ports import EntityPages, Page, Selection
from shared.entities import EntityKind


class ListEntities:
    """Stored entities only: a list asks no catalogue and starts no job."""

    def __init__(self, entities: EntityPages) -> None:
        self._entities = entities

    async def __call__(self, kind: EntityKind, selection: Selection) -> Page:
        """A page past the end is empty, with the true total. Raises Unavailable("postgres")."""
        return await self._entities.page(kind, selection)
