"""A provider's limits on calls, kept by all processes that call it together.

A token bucket per limit, in the form of its theoretical arrival time ("GCRA", ITU-T I.371 annex A): one number each, and the wait until a
call may start is known at once. So a call is given its own moment instead of trying again and again, nobody overtakes, and whoever would
wait too long is told how long and takes nothing. Libraries count hits in windows (`limits` 5.x among them): they say no, but not when, and
two limits are two steps.

A provider that wishes to be left alone is left alone by everybody (`pause`). While Redis is away each process keeps to its share, from
what it last saw of how many there are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from shared import cache_keys
from shared.clock import Clock

PRESENCE_S = 60
"""Who called within so many seconds shares the limits."""
REST_S = 1.0
"""Calls pass by a Redis that failed for so long: one that is silent would hold up every call for its whole timeout."""
MAX_PAUSE_S = 300.0
"""The longest that one wish of a provider holds everybody back: after it a call finds out again."""

_ENTER = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
redis.call('ZADD', KEYS[2], now, ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[3])
redis.call('EXPIRE', KEYS[2], ARGV[3])
local opens = math.max(tonumber(redis.call('HGET', KEYS[1], '!pause') or '0'), now)
local workers, start, after = redis.call('ZCARD', KEYS[2]), opens, {}
for at = 4, #ARGV, 4 do
  local name, interval, burst, cost = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local full = math.max(tonumber(redis.call('HGET', KEYS[1], name) or '0'), opens)
  start = math.max(start, full + (math.min(cost, burst) - burst) * interval)
  after[name] = full + cost * interval
end
local wait = start - now
if wait <= tonumber(ARGV[1]) then
  local longest = tonumber(ARGV[3])
  for name, full in pairs(after) do
    redis.call('HSET', KEYS[1], name, string.format('%.6f', full))
    longest = math.max(longest, math.ceil(full - now) + 1)
  end
  redis.call('EXPIRE', KEYS[1], longest)
end
return {string.format('%.6f', wait), workers, string.format('%.6f', opens - now)}
"""
_GIVE_BACK = """
local full = redis.call('HGET', KEYS[1], ARGV[1])
if full then redis.call('HSET', KEYS[1], ARGV[1], string.format('%.6f', full - ARGV[2])) end
return 1
"""
_PAUSE = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local opens = math.max(tonumber(redis.call('HGET', KEYS[1], '!pause') or '0'), now + ARGV[1])
redis.call('HSET', KEYS[1], '!pause', string.format('%.6f', opens))
local longest = math.ceil(opens - now) + 1
if redis.call('TTL', KEYS[1]) < longest then redis.call('EXPIRE', KEYS[1], longest) end
return string.format('%.6f', opens - now)
"""

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` of something in any `window_s` seconds, of which a tenth may come at once."""

    name: str
    count: int
    window_s: float = 60.0

    @property
    def burst(self) -> int:
        return max(1, self.count // 10)

    @property
    def interval_s(self) -> float:
        """Seconds after which one more may come; in any window, then, `burst` and one less than `count - burst + 1`."""
        return self.window_s / (self.count - self.burst + 1)


class LocalBuckets:
    """The same buckets in this process, each with a share of its limit."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._full_s: dict[str, float] = {}
        self._opens_s = 0.0

    @property
    def paused_s(self) -> float:
        """Seconds until the end of the pause, 0 without one."""
        return max(self._opens_s - self._clock.monotonic(), 0.0)

    def enter(self, costs: Mapping[Limit, int], *, share: int, max_wait_s: float) -> float:
        """Seconds until the call may start. More than `max_wait_s`: nothing was taken. `share` is the number of sharers."""
        now = self._clock.monotonic()
        opens = start = max(self._opens_s, now)
        after: dict[str, float] = {}
        for limit, cost in costs.items():
            interval_s = limit.interval_s * share
            full_s = max(self._full_s.get(limit.name, 0.0), opens)
            start = max(start, full_s + (min(cost, limit.burst) - limit.burst) * interval_s)
            after[limit.name] = full_s + cost * interval_s
        if start - now <= max_wait_s:
            self._full_s |= after
        return start - now

    def give_back(self, limit: Limit, cost: int, *, share: int) -> None:
        self._full_s[limit.name] = self._full_s.get(limit.name, 0.0) - cost * limit.interval_s * share

    def pause(self, delay_s: float) -> None:
        self._opens_s = max(self._opens_s, self._clock.monotonic() + delay_s)


class RateLimiter:
    """The limits of one provider, `name`. With `redis`, all processes share them; without, each has them for itself.

    `sharer` is this process among them. No method raises when Redis is away.
    """

    def __init__(self, redis: "Redis | None", clock: Clock, *, name: str, sharer: str) -> None:
        self._redis = redis
        self._clock = clock
        self._name = name
        self._keys = [cache_keys.rate(name), cache_keys.rate_sharers(name)]
        self._sharer = sharer
        self._enter = redis.register_script(_ENTER) if redis else None
        self._give_back = redis.register_script(_GIVE_BACK) if redis else None
        self._pause = redis.register_script(_PAUSE) if redis else None
        self._local = LocalBuckets(clock)
        self._sharers = 1
        self._silent_until_s = 0.0

    async def enter(self, costs: Mapping[Limit, int], *, max_wait_s: float) -> float | None:
        """Wait until a call that takes `costs` may start, at most `max_wait_s`: None.

        Else, at once and with nothing taken, the seconds until one could. Who waited and finds a pause that began meanwhile waits for its
        end too, as far as the time goes.
        """
        give_up_s = self._clock.monotonic() + max_wait_s
        while True:
            left_s = max(give_up_s - self._clock.monotonic(), 0.0)
            wait_s = await self._reserved(costs, left_s)
            if wait_s > left_s:
                return wait_s
            if wait_s <= 0:
                return None
            await self._clock.sleep(wait_s)
            if await self._paused_s() <= 0:
                return None

    async def settle(self, limit: Limit, spare: int) -> None:
        """Give back what of `limit` was taken and not used; less than 0 takes more."""
        if self._give_back is not None and not self._silent:
            try:
                await self._give_back(keys=self._keys[:1], args=[limit.name, f"{spare * limit.interval_s:.6f}"])
            except (RedisError, OSError, TimeoutError) as error:
                self._lost(error)
            else:
                return
        self._local.give_back(limit, spare, share=self._sharers)

    async def pause(self, delay_s: float) -> None:
        """Let nobody call for `delay_s` seconds, at most `MAX_PAUSE_S`; a longer pause that has begun goes on."""
        delay_s = min(delay_s, MAX_PAUSE_S)
        self._local.pause(delay_s)
        if self._pause is not None and not self._silent:
            try:
                await self._pause(keys=self._keys[:1], args=[f"{delay_s:.6f}"])
            except (RedisError, OSError, TimeoutError) as error:
                self._lost(error)

    async def close(self) -> None:
        if self._redis is not None:
            await self._redis.aclose()

    async def _reserved(self, costs: Mapping[Limit, int], max_wait_s: float) -> float:
        if self._enter is not None and not self._silent:
            buckets = [
                value
                for limit, cost in costs.items()
                for value in (limit.name, f"{limit.interval_s:.9f}", limit.burst, cost)
            ]
            args = [f"{max_wait_s:.6f}", self._sharer, PRESENCE_S, *buckets]
            try:
                found = await self._enter(keys=self._keys, args=args)
            except (RedisError, OSError, TimeoutError) as error:
                self._lost(error)
            else:
                wait_s, self._sharers, paused_s = cast("tuple[bytes, int, bytes]", tuple(found))
                self._local.pause(float(paused_s))  # kept also if Redis goes away now
                return float(wait_s)
        return self._local.enter(costs, share=self._sharers, max_wait_s=max_wait_s)

    async def _paused_s(self) -> float:
        if self._pause is not None and not self._silent:
            try:
                self._local.pause(float(await self._pause(keys=self._keys[:1], args=["0"])))
            except (RedisError, OSError, TimeoutError) as error:
                self._lost(error)
        return self._local.paused_s

    @property
    def _silent(self) -> bool:
        return self._clock.monotonic() < self._silent_until_s

    def _lost(self, error: Exception) -> None:
        log.warning("limits.are_local", limits=self._name, error=type(error).__name__, sharers=self._sharers)
        self._silent_until_s = self._clock.monotonic() + REST_S


@dataclass(frozen=True, slots=True)
class CallLimit:
    """One limit on the number of calls to a provider."""

    limiter: RateLimiter
    limit: Limit

    async def enter(self, *, max_wait_s: float) -> float | None:
        """As `RateLimiter.enter`, for one call."""
        return await self.limiter.enter({self.limit: 1}, max_wait_s=max_wait_s)

    async def pause(self, delay_s: float) -> None:
        await self.limiter.pause(delay_s)

    async def close(self) -> None:
        await self.limiter.close()
