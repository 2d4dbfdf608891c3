"""What the core tells whoever keeps its durable state."""

from typing import Protocol

from pamqp.common import FieldTable

from embedded_amqp.messages import Message


class Store(Protocol):
    """Every call is recorded in order and becomes durable together with the others of the same loop tick."""

    def add_exchange(self, name: str, kind: str, flags: tuple[bool, bool], arguments: FieldTable) -> None:
        """`flags` are (auto-delete, internal)."""

    def remove_exchange(self, name: str) -> None:
        """Its bindings, in both directions, go with it."""

    def add_queue(self, name: str, arguments: FieldTable, *, auto_delete: bool) -> None: ...

    def remove_queue(self, name: str) -> None:
        """Its messages and bindings go with it."""

    def add_binding(self, source: str, target: tuple[str, str], key: str, arguments: FieldTable) -> None:
        """`target` is ("queue" or "exchange", name)."""

    def remove_binding(self, source: str, target: tuple[str, str], key: str, arguments: FieldTable) -> None: ...

    def add_message(self, queue: str, message: Message, expires_at: float | None) -> int:
        """The record's number, never 0. `expires_at` is monotonic."""
        ...

    def remove_message(self, record: int) -> None: ...

    def set_returns(self, record: int, returns: int) -> None: ...


class NoStore:
    """Keeps nothing: the broker is empty after a restart."""

    def add_exchange(self, name: str, kind: str, flags: tuple[bool, bool], arguments: FieldTable) -> None: ...

    def remove_exchange(self, name: str) -> None: ...

    def add_queue(self, name: str, arguments: FieldTable, *, auto_delete: bool) -> None: ...

    def remove_queue(self, name: str) -> None: ...

    def add_binding(self, source: str, target: tuple[str, str], key: str, arguments: FieldTable) -> None: ...

    def remove_binding(self, source: str, target: tuple[str, str], key: str, arguments: FieldTable) -> None: ...

    def add_message(self, queue: str, message: Message, expires_at: float | None) -> int:  # noqa: ARG002 - the protocol
        return 0

    def remove_message(self, record: int) -> None: ...

    def set_returns(self, record: int, returns: int) -> None: ...
