"""What the model answers: a true text, or the one that a fault or a bad model makes of it."""

from dataclasses import asdict

import orjson

from sandbox.openai.asked import Asked
from sandbox.openai.completion import Completion, limited
from sandbox.openai.said import Said, lot, say
from sandbox.shape import as_list, as_object
from sandbox.texts.order import Order, read_order

REFUSAL = "I'm sorry, but I can't help with that asked."
GENERIC = "This is an answer of the sandbox, which writes real texts only for requests it understands."
_ANSWER = {"exists", "text"}


class Model:
    """Answers requests. The same request gets the same answer; only the fault `repeat` looks back."""

    def __init__(self) -> None:
        self._last = Said(exists=True, text=GENERIC)

    def complete(self, asked: Asked, kind: str = "") -> Completion:
        """The completion; `kind` is a fault of content. Only the fault `long` breaks the token limit."""
        order = read_order(asked.texts)
        if not kind and asked.bad_share is not None:
            kind = _badness(asked, order)
        if kind == "refusal":
            return Completion(None, refusal=REFUSAL)
        if kind == "content_filter":
            return Completion("", "content_filter")
        if kind == "empty":
            return Completion("")
        if kind == "malformed":
            return Completion("Sure! Here is the text you asked for: {exists: yes, text")
        if kind == "failed":
            return Completion("", broken=True)
        content = _shaped(asked, self._say(order, kind))
        if kind == "fenced":
            content = f"Here is the text you asked for:\n\n```json\n{content}\n```"
        if kind == "truncate":
            return Completion(content[: max(1, len(content) * 2 // 3)], "length")
        return Completion(content) if kind == "long" else limited(Completion(content), asked.max_tokens)

    def _say(self, order: Order | None, kind: str) -> Said:
        if order is None:
            return Said(exists=True, text=GENERIC)
        if order.facts is None or kind == "not_found":
            return Said()
        last, self._last = self._last, say(order, order.facts, kind)
        return last if kind == "repeat" else self._last


def _badness(asked: Asked, order: Order | None) -> str:
    """What a bad model gets wrong this time: the same for the same prompt, and nothing for its share of good answers."""
    if order is None or order.facts is None or lot(f"share {order.seed}", 100) >= (asked.bad_share or 0):
        return ""
    facts = order.facts
    kinds = ["wrong_title", "invented", "wrong_language", "html", "truncate", "empty", "injected"]
    kinds += ["wrong_year"] if facts.year or facts.birth_date else []
    kinds += ["wrong_director"] if facts.directors else []
    kinds += ["copy_overview"] if facts.overview else []
    kinds += ["near_duplicate"] if order.avoid else []
    return kinds[lot(order.seed, len(kinds))]


def _shaped(asked: Asked, said: Said) -> str:
    """The answer as the format, or else the prompt, asks for it."""
    if asked.response_format == "text" and "json" not in asked.prompt.lower():
        return said.text
    properties = as_object(asked.schema.get("properties")) or {}
    values = asdict(said)
    if not (properties or values).keys() >= _ANSWER:
        return orjson.dumps({name: _value(schema, said.text) for name, schema in properties.items()}).decode()
    members = {name: values.get(name, _value(schema, said.text)) for name, schema in (properties or values).items()}
    return orjson.dumps(members).decode()


def _value(value: object, text: str, depth: int = 5) -> object:
    schema = as_object(value) or {}
    kinds = as_list(schema.get("type")) or [schema.get("type")]
    choices = as_list(schema.get("enum"))
    if choices:
        return choices[0]
    if kinds[0] == "object" and depth:
        members = as_object(schema.get("properties")) or {}
        return {name: _value(inner, text, depth - 1) for name, inner in members.items()}
    plain: dict[str, object] = {"string": text, "boolean": True, "integer": 0, "number": 0, "array": []}
    return plain.get(str(kinds[0]))
