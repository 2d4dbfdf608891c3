"""The list of calls received: a second witness for what the system under test did to its providers."""

import itertools
import time
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

from sandbox.matching import plain

CAPACITY = 20_000


@dataclass(slots=True)
class Call:
    """One call. `status` is null while it is open or when it was cut; 499 means the client left first.

    `model` is the one asked for until another one served, the tokens are null unless the model wrote something.
    """

    sequence: int
    provider: str
    method: str
    path: str
    query: str
    request_id: str
    at_monotonic_ms: int
    client_request_id: str | None = None
    traceparent: str | None = None
    title: str | None = None
    entity_type: str | None = None
    locale: str | None = None
    tag: str | None = None
    form: str | None = None
    api: str | None = None
    model: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    fault: str | None = None
    status: int | None = None


class Ledger:
    """Keeps the last 20 000 calls in the order received."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=CAPACITY)
        self._sequence = itertools.count(1)

    def open(self, provider: str, method: str, path: str, query: str) -> Call:
        """Records a call as received, before anything is answered."""
        sequence = next(self._sequence)
        call = Call(sequence, provider, method, path, query, f"req_{sequence:032x}", time.monotonic_ns() // 1_000_000)
        self._calls.append(call)
        return call

    def select(
        self, provider: str | None = None, title: str | None = None, after: int = 0, **members: str
    ) -> list[dict[str, Any]]:
        """Calls later than sequence `after`, filtered by provider, by title (case and accents do not count) and by other members."""
        return [
            asdict(call)
            for call in self._calls
            if call.sequence > after
            and provider in {None, call.provider}
            and (title is None or plain(call.title or "") == plain(title))
            and all(getattr(call, name) == value for name, value in members.items())
        ]

    def clear(self) -> int:
        """Forgets all calls and says how many there were; sequence numbers go on."""
        count = len(self._calls)
        self._calls.clear()
        return count
