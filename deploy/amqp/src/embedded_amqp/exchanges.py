"""Exchanges: their types, their bindings, and which bindings a message follows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from pamqp.common import FieldTable, FieldValue

from embedded_amqp.errors import COMMAND_INVALID, PRECONDITION_FAILED, AmqpError
from embedded_amqp.queues import Queue

TYPES: Final = frozenset({"direct", "topic", "fanout", "headers"})
_X_MATCH: Final = frozenset({"all", "any", "all-with-x", "any-with-x"})
_CACHED_KEYS: Final = 4096

Target: TypeAlias = "Queue | Exchange"


def _may_skip(pattern: Sequence[str], states: Iterable[int]) -> set[int]:
    """These positions in the pattern, and those behind a '#', which may stand for no word at all."""
    reached: set[int] = set()
    for state in states:
        position = state
        reached.add(position)
        while position < len(pattern) and pattern[position] == "#":
            position += 1
            reached.add(position)
    return reached


def topic_matches(pattern: Sequence[str], words: Sequence[str]) -> bool:
    """'*' is one word, '#' any number of them, none included. Takes at most len(pattern) * len(words) steps."""
    states = _may_skip(pattern, {0})
    for word in words:
        moved: set[int] = set()
        for state in states:
            if state < len(pattern):
                if pattern[state] == "#":
                    moved.add(state)
                elif pattern[state] in {"*", word}:
                    moved.add(state + 1)
        states = _may_skip(pattern, moved)
    return len(pattern) in states


def headers_match(arguments: FieldTable, headers: FieldTable) -> bool:
    """`x-match` all (default) or any; `-with-x` also compares headers whose name starts with 'x-'."""
    mode = str(arguments.get("x-match", "all"))
    wanted = {
        name: value
        for name, value in arguments.items()
        if name != "x-match" and (mode.endswith("-with-x") or not name.startswith("x-"))
    }
    matches = (name in headers and _same(value, headers[name]) for name, value in wanted.items())
    return any(matches) if mode.startswith("any") else all(matches)


def _same(wanted: FieldValue, value: FieldValue) -> bool:
    return wanted is None or (isinstance(wanted, bool) == isinstance(value, bool) and wanted == value)


@dataclass(frozen=True, slots=True)
class Binding:
    target: Target
    key: str
    arguments: FieldTable


@dataclass(eq=False, slots=True)
class Exchange:
    name: str
    type: str
    durable: bool = True
    auto_delete: bool = False
    internal: bool = False
    arguments: FieldTable = field(default_factory=dict[str, FieldValue])
    bindings: list[Binding] = field(default_factory=list[Binding])
    _routes: dict[str, list[Target]] = field(default_factory=dict[str, list[Target]])

    def __post_init__(self) -> None:
        if self.type not in TYPES:
            raise AmqpError(COMMAND_INVALID, f"unknown exchange type '{self.type}'")

    def bind(self, binding: Binding) -> bool:
        """Whether the binding is new."""
        if self.type == "headers" and binding.arguments.get("x-match", "all") not in _X_MATCH:
            raise AmqpError(PRECONDITION_FAILED, "Invalid x-match field value; expected all or any")
        if binding in self.bindings:
            return False
        self.bindings.append(binding)
        self._routes.clear()
        return True

    def unbind(self, binding: Binding) -> bool:
        """Whether there was such a binding."""
        if binding not in self.bindings:
            return False
        self.bindings.remove(binding)
        self._routes.clear()
        return True

    def forget(self, target: Target) -> bool:
        """Drop all bindings to `target`; whether there were any."""
        kept = [binding for binding in self.bindings if binding.target is not target]
        had_some = len(kept) < len(self.bindings)
        self.bindings = kept
        self._routes.clear()
        return had_some

    def targets(self, key: str, headers: FieldTable) -> list[Target]:
        """Where a message goes next; a target may be listed more than once."""
        if self.type == "headers":
            return [binding.target for binding in self.bindings if headers_match(binding.arguments, headers)]
        known = self._routes.get(key)
        if known is None:
            if len(self._routes) >= _CACHED_KEYS:
                self._routes.clear()
            known = self._routes[key] = [binding.target for binding in self.bindings if self._follows(binding, key)]
        return known

    def _follows(self, binding: Binding, key: str) -> bool:
        if self.type == "topic":
            return topic_matches(binding.key.split("."), key.split("."))
        return self.type == "fanout" or binding.key == key
