"""What many slugs name, in one answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Never

from gateway.answer_ports import AnswerCache
from gateway.read_ports import EntityLists, Named, Representation
from gateway.usecases.recall_answer import RecallAnswer
from shared.entities import EntityKind


@dataclass(frozen=True, slots=True)
class ManyQuery:
    """`slugs` are normalised, one for each in `sent`; `include` names the members of the items that are not always there."""

    kind: EntityKind
    sent: tuple[str, ...]
    slugs: tuple[str, ...]
    include: tuple[str, ...]
    credited: bool


@dataclass(frozen=True, slots=True)
class FoundMany:
    """Each entity once, where it is first named; `missing` holds each slug that names none once, as it was first sent."""

    named: tuple[Named, ...]
    missing: tuple[str, ...]


class ReadMany:
    """Stored entities only: whatever is missing, no catalogue is asked and no job is started."""

    def __init__(
        self, entities: EntityLists, answers: AnswerCache, render: Callable[[FoundMany, ManyQuery], Representation]
    ) -> None:
        self._entities = entities
        self._recall: RecallAnswer[Never] = RecallAnswer(answers)
        self._render = render

    async def __call__(self, asked: ManyQuery) -> Representation:
        """Raises Unavailable("postgres")."""

        async def read() -> Representation:
            return self._render(await self._find(asked), asked)

        return await self._recall(asked.kind, repr(asked), read)

    async def _find(self, asked: ManyQuery) -> FoundMany:
        sent = dict(zip(reversed(asked.slugs), reversed(asked.sent), strict=True))
        distinct = tuple(dict.fromkeys(asked.slugs))
        found = dict(
            zip(distinct, await self._entities.many(asked.kind, distinct, credited=asked.credited), strict=True)
        )
        named: dict[object, Named] = {}
        for one in found.values():
            if one is not None:
                named.setdefault(one.entity.id, one)
        return FoundMany(tuple(named.values()), tuple(sent[slug] for slug, one in found.items() if one is None))
