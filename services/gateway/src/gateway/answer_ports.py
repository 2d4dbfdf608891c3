"""What the use cases that answer about many entities need of the cache."""

from dataclasses import dataclass
from typing import Protocol

from gateway.read_ports import Representation
from shared.entities import EntityKind


@dataclass(frozen=True, slots=True)
class Recalled:
    """What is kept of a question, and the `generation` of an answer read from now on; None while the cache is away."""

    shown: Representation | None = None
    generation: str | None = None


class AnswerCache(Protocol):
    """Finished answers about many entities of one kind. Never fails: while it is away nothing is kept and nothing found.

    `question` is canonical: equal texts ask for the same of a kind, whoever asks.
    """

    async def get(self, kind: EntityKind, question: str) -> Recalled:
        """Never what is older than an announced change of anything that answers about `kind` show."""
        ...

    async def fill(self, kind: EntityKind, question: str, generation: str, shown: Representation) -> bool:
        """Keep an answer that was read after `generation` was got; False when it was not kept, as after a change announced since."""
        ...
