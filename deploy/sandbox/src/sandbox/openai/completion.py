"""What the model said, before an API gives it its shape."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.openai.asked import Asked, tokens


@dataclass(frozen=True, slots=True)
class Completion:
    """What the model said. `refusal` and `content` exclude each other; `broken` means that the model failed while it spoke."""

    content: str | None
    finish_reason: str = "stop"
    refusal: str | None = None
    broken: bool = False

    def prompt_tokens(self, asked: Asked) -> int:
        """How many tokens the whole prompt counts."""
        return tokens(asked.prompt)

    @property
    def written_tokens(self) -> int:
        """How many tokens were written."""
        return tokens(self.content or self.refusal or "")


def limited(completion: Completion, max_tokens: int | None) -> Completion:
    """The completion cut after `max_tokens`, with finish reason `length` if anything was lost."""
    if completion.content is None or max_tokens is None or tokens(completion.content) <= max_tokens:
        return completion
    return Completion(completion.content[: max_tokens * 4], "length")


@dataclass(frozen=True, slots=True)
class TextApi:
    """One of the two ways to ask for a text.

    `texts` and `wants_schema` read a body that nobody has checked, `parse` raises ApiError, `answer` takes the request's id last.
    """

    name: str
    texts: Callable[[dict[str, Any]], list[str]]
    wants_schema: Callable[[dict[str, Any]], bool]
    parse: Callable[[dict[str, Any]], Asked]
    answer: Callable[[Asked, Completion, str], dict[str, Any]]
