"""The provider's limits per minute, kept by all workers together.

A token bucket per limit, in the form of its theoretical arrival time ("GCRA", ITU-T I.371 annex A): one number each, and the wait until a
call may start is known at once. So a call is given its own moment instead of trying again and again, nobody overtakes, and whoever would
wait too long is told how long and takes nothing. Libraries count hits in windows (`limits` 5.x among them): they say no, but not when, and
two limits are two steps.

While Redis is away each worker keeps to its share, from what it last saw of how many there are.
"""

from dataclasses import dataclass
from typing import cast

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from shared import cache_keys
from shared.clock import Clock

WINDOW_S = 60.0
MAX_WAIT_S = 10.0
"""A call that would have to wait longer goes back into the queue: a worker waits for few, and holds no lease for long."""
REST_S = 1.0
"""Calls pass by a Redis that failed for so long: one that is silent would hold up every call for its whole timeout."""

_ENTER = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
redis.call('ZADD', KEYS[2], now, ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[3])
redis.call('EXPIRE', KEYS[2], ARGV[3])
local workers, start, after = redis.call('ZCARD', KEYS[2]), now, {}
for at = 4, #ARGV, 4 do
  local name, interval, burst, cost = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local full = math.max(tonumber(redis.call('HGET', KEYS[1], name) or '0'), now)
  start = math.max(start, full + (math.min(cost, burst) - burst) * interval)
  after[name] = full + cost * interval
end
local wait = start - now
if wait <= tonumber(ARGV[1]) then
  local longest = ARGV[3]
  for name, full in pairs(after) do
    redis.call('HSET', KEYS[1], name, string.format('%.6f', full))
    longest = math.max(longest, math.ceil(full - now) + 1)
  end
  redis.call('EXPIRE', KEYS[1], longest)
end
return {string.format('%.6f', wait), workers}
"""
_GIVE_BACK = """
local full = redis.call('HGET', KEYS[1], ARGV[1])
if full then redis.call('HSET', KEYS[1], ARGV[1], string.format('%.6f', full - ARGV[2])) end
return 1
"""

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `per_minute` of something in any 60 seconds, of which a tenth may come at once."""

    name: str
    per_minute: int

    @property
    def burst(self) -> int:
        return max(1, self.per_minute // 10)

    @property
    def interval_s(self) -> float:
        """Seconds after which one more may come; in any minute, then, `burst` and one less than `per_minute - burst + 1`."""
        return WINDOW_S / (self.per_minute - self.burst + 1)


class LocalBuckets:
    """The same buckets in this process, each with a share of its limit."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._full_s: dict[str, float] = {}

    def enter(self, costs: dict[Limit, int], *, share: int, max_wait_s: float) -> float:
        """Seconds until the call may start. More than `max_wait_s`: nothing was taken. `share` is the number of sharers."""
        now = start = self._clock.monotonic()
        after: dict[str, float] = {}
        for limit, cost in costs.items():
            interval_s = limit.interval_s * share
            full_s = max(self._full_s.get(limit.name, 0.0), now)
            start = max(start, full_s + (min(cost, limit.burst) - limit.burst) * interval_s)
            after[limit.name] = full_s + cost * interval_s
        if start - now <= max_wait_s:
            self._full_s |= after
        return start - now

    def give_back(self, limit: Limit, cost: int, *, share: int) -> None:
        self._full_s[limit.name] = self._full_s.get(limit.name, 0.0) - cost * limit.interval_s * share


class RateLimiter:
    """Requests and tokens per minute, of one endpoint. With `redis`, all workers share them; without, each process has them for itself."""

    def __init__(
        self,
        redis: "Redis | None",
        clock: Clock,
        *,
        endpoint: str,
        worker: str,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,
    ) -> None:
        self._redis = redis
        self._clock = clock
        self._keys = [cache_keys.ai_rate(endpoint), cache_keys.ai_workers(endpoint)]
        self._worker = worker
        self._requests = Limit("requests", requests_per_minute) if requests_per_minute else None
        self._tokens = Limit("tokens", tokens_per_minute) if tokens_per_minute else None
        self._enter = redis.register_script(_ENTER) if redis else None
        self._give_back = redis.register_script(_GIVE_BACK) if redis else None
        self._local = LocalBuckets(clock)
        self._workers = 1
        self._silent_until_s = 0.0

    async def enter(self, tokens: int) -> float | None:
        """Wait until a call of at most `tokens` may start, at most `MAX_WAIT_S`: None.

        Else, at once and with nothing taken, the seconds until one could.
        """
        if self._requests is None and self._tokens is None:
            return None
        wait_s = await self._reserved(tokens)
        if wait_s > MAX_WAIT_S:
            return wait_s
        if wait_s > 0:
            await self._clock.sleep(wait_s)
        return None

    async def settle(self, reserved: int, used: int) -> None:
        """Give back the tokens that were `reserved` and not `used`, or take the rest."""
        if self._tokens is None:
            return
        if self._give_back is not None and not self._silent:
            spare_s = (reserved - used) * self._tokens.interval_s
            try:
                await self._give_back(keys=self._keys[:1], args=[self._tokens.name, f"{spare_s:.6f}"])
            except (RedisError, OSError, TimeoutError) as error:
                self._lost(error)
            else:
                return
        self._local.give_back(self._tokens, reserved - used, share=self._workers)

    async def _reserved(self, tokens: int) -> float:
        costs = {limit: cost for limit, cost in ((self._requests, 1), (self._tokens, tokens)) if limit is not None}
        if self._enter is not None and not self._silent:
            buckets = [
                value
                for limit, cost in costs.items()
                for value in (limit.name, f"{limit.interval_s:.9f}", limit.burst, cost)
            ]
            try:
                found = await self._enter(keys=self._keys, args=[MAX_WAIT_S, self._worker, int(WINDOW_S), *buckets])
            except (RedisError, OSError, TimeoutError) as error:
                self._lost(error)
            else:
                wait_s, self._workers = cast("tuple[bytes, int]", tuple(found))
                return float(wait_s)
        return self._local.enter(costs, share=self._workers, max_wait_s=MAX_WAIT_S)

    async def close(self) -> None:
        if self._redis is not None:
            await self._redis.aclose()

    @property
    def _silent(self) -> bool:
        return self._clock.monotonic() < self._silent_until_s

    def _lost(self, error: Exception) -> None:
        log.warning("ai.limits_are_local", error=type(error).__name__, workers=self._workers)
        self._silent_until_s = self._clock.monotonic() + REST_S
