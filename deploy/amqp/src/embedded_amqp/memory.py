"""The memory bound: an account of everything queued, and an alarm while it is overdrawn."""

from collections.abc import Callable
from typing import Final

# The alarm ends well below the limit, so that publishers are not switched on and off for every message.
_CLEARS_AT: Final = 0.8


class Memory:
    """Bytes held by queued and unacknowledged messages; a message in two queues counts twice."""

    def __init__(self, limit_bytes: int, on_clear: Callable[[], None]) -> None:
        self._limit_bytes = limit_bytes
        self._on_clear = on_clear
        self.used_bytes = 0
        self.alarm = False

    def take(self, size_bytes: int) -> None:
        self.used_bytes += size_bytes
        self.alarm = self.alarm or self.used_bytes > self._limit_bytes

    def give_back(self, size_bytes: int) -> None:
        self.used_bytes -= size_bytes
        if self.alarm and self.used_bytes <= self._limit_bytes * _CLEARS_AT:
            self.alarm = False
            self._on_clear()
