"""The calls of a day, counted in Redis by all processes together."""

from datetime import UTC, datetime, time, timedelta
from typing import cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from shared import cache_keys
from shared.clock import Clock
from shared.errors import Unavailable
from tmdb_sync.ports import Spent

REFUSED_S = 3600
"""After the provider's own refusal: it may count by another day than ours, so its next one need not begin at midnight UTC."""
_KEPT_S = 2 * 86_400

_TAKE = """
local closed = redis.call('HGET', KEYS[1], 'closed_until')
if closed and tonumber(closed) > tonumber(ARGV[2]) then return closed end
if tonumber(redis.call('HGET', KEYS[1], 'calls') or '0') >= tonumber(ARGV[1]) then return '0' end
redis.call('HINCRBY', KEYS[1], 'calls', 1)
redis.call('EXPIRE', KEYS[1], ARGV[3])
return ''
"""


class RedisQuota:
    """Implements `Quota` for `provider`: at most `per_day` calls in a UTC day, counted before they are made, so that a crash loses some."""

    def __init__(self, redis: "Redis | None", clock: Clock, *, provider: str, per_day: int) -> None:
        self._redis = redis
        self._clock = clock
        self._provider = provider
        self._per_day = per_day
        self._take = redis.register_script(_TAKE) if redis else None

    async def take(self) -> Spent | None:
        if self._take is None:
            raise Unavailable("redis")
        now = self._clock.now()
        try:
            args = [self._per_day, int(now.timestamp()), _KEPT_S]
            answer = cast("bytes", await self._take(keys=[self._key(now)], args=args))
        except (RedisError, OSError, TimeoutError):
            raise Unavailable("redis") from None
        if not answer:
            return None
        closed_until = int(answer)
        return Spent(datetime.fromtimestamp(closed_until, UTC) if closed_until else _midnight(now))

    async def refused(self) -> Spent:
        now = self._clock.now()
        until = now + timedelta(seconds=REFUSED_S)
        if self._redis is None:
            raise Unavailable("redis")
        try:
            async with self._redis.pipeline() as pipe:
                for day in {now.date(), until.date()}:
                    key = cache_keys.quota(self._provider, day)
                    pipe.hset(key, "closed_until", str(int(until.timestamp())))
                    pipe.expire(key, _KEPT_S)
                await pipe.execute()
        except (RedisError, OSError, TimeoutError):
            raise Unavailable("redis") from None
        return Spent(until)

    def _key(self, now: datetime) -> str:
        return cache_keys.quota(self._provider, now.date())


def _midnight(now: datetime) -> datetime:
    return datetime.combine(now.date() + timedelta(days=1), time(), UTC)
