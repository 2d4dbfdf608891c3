"""The form of an answer: a strict JSON schema where the model takes one, a sentence and a search where it does not."""

import json
import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from generator.ports import Message
from shared.clock import Clock

NAME = "text"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "exists": {"type": "boolean"},
        "title": {"type": "string"},
        "year": {"type": ["integer", "null"]},
        "director": {"type": ["string", "null"]},
        "text": {"type": "string"},
    },
    "required": ["exists", "title", "year", "director", "text"],
    "additionalProperties": False,
}
REMEMBERED_S = 3600.0
"""After this a model is asked again for what it refused: providers learn, and a deployment changes under its name."""


class Wish(StrEnum):
    """How a model is asked for the object, from the surest way to the one that every model understands.

    `OBJECT` is JSON mode with the schema beside it, which is how llama.cpp's servers first took one; the schema is in the words as well.
    """

    SCHEMA = "schema"
    OBJECT = "object"
    WORDS = "words"


MAX_STARTS = 100
"""Braces at which an object is looked for."""
_LENIENT = json.JSONDecoder(strict=False)
"""Takes line breaks and other control characters inside strings, which models forget to escape."""
_REASONING = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)


def with_instruction(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages with the schema in the system message: for a model that takes none as a parameter."""
    wish = (
        "Answer with one JSON object and nothing else: no Markdown, no comment, no text around it. "
        f"It has to match this JSON schema: {json.dumps(SCHEMA, separators=(',', ':'))}"
    )
    first = messages[0] if messages and messages[0].role == "system" else None
    if first is None:
        return Message("system", wish), *messages
    return Message("system", f"{first.content}\n\n{wish}"), *messages[1:]


def json_object(content: str) -> str:
    """The first JSON object in what a model said, whatever stands around it; all of it when there is none.

    Reasoning before the answer, which local servers leave in the text as `<think>…</think>`, is no place to look in.
    """
    said = _REASONING.sub("", content)
    start = said.find("{")
    for _ in range(MAX_STARTS):
        if start < 0:
            break
        try:
            found, end = _LENIENT.raw_decode(said, start)
        except (ValueError, RecursionError):
            start = said.find("{", start + 1)
        else:
            return said[start:end] if _is_strict(said[start:end]) else json.dumps(found, ensure_ascii=False)
    return content


def _is_strict(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


class Remembered:
    """What models were lately found to refuse, for `REMEMBERED_S` each."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until_s: dict[tuple[str, str], float] = {}

    def add(self, model: str, refused: str) -> None:
        self._until_s[model, refused] = self._clock.monotonic() + REMEMBERED_S

    def has(self, model: str, refused: str) -> bool:
        return self._clock.monotonic() < self._until_s.get((model, refused), 0.0)
