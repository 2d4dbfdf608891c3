"""What waits to be sent to one peer, and when to stop producing more."""

import asyncio
from collections.abc import Callable
from typing import Final

# Deliveries stop at the first mark; the others only bound what a peer can make us send without reading it.
_DELIVERIES_BYTES: Final = 256 * 1024
_REPLIES_BYTES: Final = 16 * 1024 * 1024
_ANSWERS_BYTES: Final = 32 * 1024 * 1024


class Output:
    """Bytes are handed to the transport by `flush` only; `request_flush` is called when there are some."""

    def __init__(self, transport: asyncio.Transport, request_flush: Callable[[], None]) -> None:
        transport.set_write_buffer_limits(high=_DELIVERIES_BYTES)
        self.paused = False
        self._transport = transport
        self._request_flush = request_flush
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0

    def write(self, data: bytes) -> None:
        if not self._waiting:
            self._request_flush()
        self._waiting.append(data)
        self._waiting_bytes += len(data)

    def flush(self) -> None:
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        if waiting and not self._transport.is_closing():
            self._transport.write(b"".join(waiting))

    @property
    def has_room_for_deliveries(self) -> bool:
        return not self.paused and self._waiting_bytes < _DELIVERIES_BYTES

    @property
    def has_room_for_replies(self) -> bool:
        return self._size_bytes() < _REPLIES_BYTES

    @property
    def has_room_for_answers(self) -> bool:
        return self._size_bytes() < _ANSWERS_BYTES

    def _size_bytes(self) -> int:
        return self._waiting_bytes + self._transport.get_write_buffer_size()
