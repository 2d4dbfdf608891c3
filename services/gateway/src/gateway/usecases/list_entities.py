"""A page of what is stored."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Never

from gateway.answer_ports import AnswerCache
from gateway.read_ports import EntityLists, Page, Representation, Selection
from gateway.usecases.recall_answer import RecallAnswer
from shared.entities import EntityKind


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A page, and the members of its items that are not always there."""

    kind: EntityKind
    selection: Selection
    include: tuple[str, ...]


class ListEntities:
    """Stored entities only: a list asks no catalogue and starts no job."""

    def __init__(
        self, entities: EntityLists, answers: AnswerCache, render: Callable[[Page, ListQuery], Representation]
    ) -> None:
        self._entities = entities
        self._recall: RecallAnswer[Never] = RecallAnswer(answers)
        self._render = render

    async def __call__(self, asked: ListQuery) -> Representation:
        """A page past the end is empty, with the true total. Raises Unavailable("postgres")."""

        async def read() -> Representation:
            return self._render(await self._entities.page(asked.kind, asked.selection), asked)

        return await self._recall(asked.kind, repr(asked), read)
