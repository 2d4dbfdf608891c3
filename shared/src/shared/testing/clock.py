"""Time that moves when a test says so."""

import asyncio
from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


class FakeClock:
    """Sleepers wake when `advance` passes their time, in order."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._elapsed_s = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed_s)

    def monotonic(self) -> float:
        return self._elapsed_s

    async def sleep(self, delay_s: float) -> None:
        sleeper = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._elapsed_s + delay_s, sleeper))
        await sleeper

    def advance(self, delay_s: float) -> None:
        self._elapsed_s += delay_s
        due = [entry for entry in self._sleepers if entry[0] <= self._elapsed_s]
        self._sleepers = [entry for entry in self._sleepers if entry[0] > self._elapsed_s]
        for _, sleeper in sorted(due, key=lambda entry: entry[0]):
            if not sleeper.done():
                sleeper.set_result(None)
