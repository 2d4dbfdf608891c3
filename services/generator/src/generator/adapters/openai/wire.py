"""What the two APIs have in common: what is asked, and what was said."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from generator.adapters.openai.errors import Problem
from generator.adapters.openai.structured import Wish
from generator.ports import Message
from generator.prices import Usage


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. `fallbacks` are for an endpoint that changes over to them by itself."""

    model: str
    messages: tuple[Message, ...]
    wish: Wish
    headers: Mapping[str, str]
    deadline_s: float
    fallbacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. `problem` is an error that came with status 200; then there is no content."""

    id: str
    model: str
    content: str
    finish_reason: str
    refused: bool = False
    usage: Usage | None = None
    cost_usd: Decimal | None = None
    problem: Problem | None = None


class Api(Protocol):
    """Raises the SDK's errors, OSError, and pydantic's ValidationError for an answer of another form."""

    async def ask(self, asked: Asked) -> Reply: ...
