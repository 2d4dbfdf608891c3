"""Requests that a key may make in a window of time, as Trakt, OMDb and TMDb count them."""

import datetime as dt
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.day import Day

MAX_KEYS = 1000
DAY_S = 86_400
PUBLISHED: dict[str, tuple[int, int]] = {
    "trakt": (500, 300),
    "omdb": (1000, DAY_S),
}
"""Requests and the seconds of their window: the rate limits guide in trakt/trakt-api (October 2026; 1 000 before that) and
https://www.omdbapi.com/apikey.aspx.

TMDb has had no limit but that of its servers, about 50 a second, since 2019 (https://developer.themoviedb.org/docs/rate-limiting).
"""
PROVIDERS = ("trakt", "omdb", "tmdb")


@dataclass(frozen=True, slots=True)
class Spent:
    """One request against its window. `wait_s` is above 0 when it was turned away, and then counts as none."""

    limit: int
    period_s: int
    remaining: int
    until: dt.datetime
    wait_s: int = 0


@dataclass(slots=True)
class _Window:
    opened: float
    day: dt.date
    count: int = 0


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)  # noqa: TID251 -- the sandbox imports nothing of ours, the Clock port neither


@dataclass(slots=True)
class Quotas:
    """The windows of all keys of all providers; `*` stands for every key without a limit of its own.

    A window opens with its first request. One of a day ends with the day of the sandbox instead, which may be simulated.
    """

    day: Day
    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], dt.datetime] = _now
    _limits: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict[tuple[str, str], tuple[int, int]])
    _windows: dict[tuple[str, str], _Window] = field(default_factory=dict[tuple[str, str], _Window])

    def set(self, provider: str, key: str, requests: int, period_s: int | None) -> None:
        """Limits `key` of `provider`, whose windows start anew; without `period_s` as long as the published one, or a second."""
        if len(self._limits) >= MAX_KEYS:
            self.clear()
        self._limits[provider, key] = (requests, period_s or PUBLISHED.get(provider, (0, 1))[1])
        self._windows = {at: window for at, window in self._windows.items() if at[0] != provider}

    def clear(self) -> None:
        """Every key has the published limits, and has used none of them."""
        self._limits.clear()
        self._windows.clear()

    def take(self, provider: str, key: str) -> Spent | None:
        """Counts a request, or turns it away; null when `provider` has no limit."""
        limits = self._limits
        limit = limits.get((provider, key)) or limits.get((provider, "*")) or PUBLISHED.get(provider)
        if limit is None:
            return None
        requests, period_s = limit
        window = self._window(provider, key, period_s)
        left_s = self._left(window, period_s)
        until = self.now() + dt.timedelta(seconds=left_s)
        if window.count >= requests:
            return Spent(requests, period_s, 0, until, max(1, math.ceil(left_s)))
        window.count += 1
        return Spent(requests, period_s, requests - window.count, until)

    def _window(self, provider: str, key: str, period_s: int) -> _Window:
        window = self._windows.get((provider, key))
        if window is None or self._left(window, period_s) <= 0:
            if len(self._windows) >= MAX_KEYS:
                self._windows.clear()
            window = self._windows[provider, key] = _Window(self.monotonic(), self.day.today)
        return window

    def _left(self, window: _Window, period_s: int) -> float:
        if period_s != DAY_S:
            return window.opened + period_s - self.monotonic()
        now = self.now()
        midnight = dt.datetime.combine(now.date() + dt.timedelta(1), dt.time(), dt.UTC)
        return (midnight - now).total_seconds() if window.day == self.day.today else 0.0
