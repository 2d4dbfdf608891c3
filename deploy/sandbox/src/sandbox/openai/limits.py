"""Rate limits as OpenAI keeps them (https://platform.openai.com/docs/guides/rate-limits): per key, requests and tokens a minute.

Both are token buckets that fill evenly; a request counts the larger of its prompt and its output limit. A request that is turned
away takes nothing.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.openai.errors import ApiError, throttled

REQUESTS_PER_MINUTE = 30_000
TOKENS_PER_MINUTE = 150_000_000
"""What OpenAI gives a large customer: nothing a test meets unless it asks for less."""
MAX_KEYS = 1000
_MINUTE_S = 60.0


@dataclass(slots=True)
class _Bucket:
    """Holds up to `limit`, and fills by `limit` a minute."""

    limit: int
    level: float
    at: float

    def fill(self, now: float) -> None:
        self.level = min(self.limit, self.level + (now - self.at) * self.limit / _MINUTE_S)
        self.at = now

    def seconds_to(self, level: float) -> float:
        return max(0.0, level - self.level) * _MINUTE_S / self.limit


@dataclass(frozen=True, slots=True)
class Quota:
    """What a key has left after a request. `exceeded` is the answer if that turned it away, for another `wait_s` seconds."""

    headers: dict[str, str]
    exceeded: ApiError | None = None
    wait_s: float = 0.0


@dataclass(slots=True)
class Limits:
    """The limits of all keys; `*` stands for every key without limits of its own."""

    now: Callable[[], float] = time.monotonic
    _rates: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    _buckets: dict[str, tuple[_Bucket, _Bucket]] = field(default_factory=dict[str, tuple[_Bucket, _Bucket]])

    def set(self, key: str, requests: int, tokens: int) -> None:
        """Limits `key`, whose buckets start full."""
        if len(self._rates) >= MAX_KEYS:
            self.clear()
        self._rates[key] = (requests, tokens)
        self._buckets.clear()

    def clear(self) -> None:
        """Every key has the limits of a large customer, and full buckets."""
        self._rates.clear()
        self._buckets.clear()

    def take(self, key: str, model: str, tokens: int) -> Quota:
        """Counts a request of `tokens`, or turns it away."""
        buckets = self._of(key)
        wanted = (1, tokens)
        for bucket in buckets:
            bucket.fill(self.now())
        short = [(bucket, need) for bucket, need in zip(buckets, wanted, strict=True) if bucket.level < need]
        if not short:
            for bucket, need in zip(buckets, wanted, strict=True):
                bucket.level -= need
            return Quota(_headers(*buckets))
        bucket, need = max(short, key=lambda pair: pair[0].seconds_to(pair[1]))
        wait_s = bucket.seconds_to(need)
        unit = "requests" if bucket is buckets[0] else "tokens"
        error = throttled(model, unit, bucket.limit, bucket.limit - int(bucket.level), need, duration(wait_s))
        error.headers |= retry_after(wait_s)
        return Quota(_headers(*buckets), error, wait_s)

    def _of(self, key: str) -> tuple[_Bucket, _Bucket]:
        if key not in self._buckets:
            if len(self._buckets) >= MAX_KEYS:
                self._buckets.clear()
            rates = self._rates.get(key) or self._rates.get("*") or (REQUESTS_PER_MINUTE, TOKENS_PER_MINUTE)
            requests, tokens = (_Bucket(rate, rate, self.now()) for rate in rates)
            self._buckets[key] = (requests, tokens)
        return self._buckets[key]


def retry_after(wait_s: float) -> dict[str, str]:
    """The wait in whole seconds, as HTTP has it, and in milliseconds, as OpenAI and Azure add it."""
    return {"retry-after": str(math.ceil(wait_s)), "retry-after-ms": str(math.ceil(wait_s * 1000))}


def duration(seconds: float) -> str:
    """A time as OpenAI writes it: `120ms`, `8.64s`, `6m0s`, `1h2m3s`."""
    milliseconds = math.ceil(seconds * 1000)
    if milliseconds < 1000:
        return f"{milliseconds}ms" if milliseconds else "0s"
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    head = (f"{hours}h" if hours else "") + (f"{minutes}m" if hours or minutes else "")
    return f"{head}{rest / 1000:g}s"


def _headers(requests: _Bucket, tokens: _Bucket) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, bucket in (("requests", requests), ("tokens", tokens)):
        found[f"x-ratelimit-limit-{name}"] = str(bucket.limit)
        found[f"x-ratelimit-remaining-{name}"] = str(int(bucket.level))
        found[f"x-ratelimit-reset-{name}"] = duration(bucket.seconds_to(bucket.limit))
    return found
