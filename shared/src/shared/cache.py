"""The versioned response cache.

One hash per entity holds its finished responses, one field per variant; beside it stands the newest version an invalidation has
announced. An invalidation stores the version and drops the hash in one step, so nothing is scanned and no variant is forgotten. A fill
carries the version that was read from Postgres *before* the row it was built from, and is refused when a newer one is stored: a slow
reader can never put old data back. A fill of a newer version announces it in turn, so that this holds even when its invalidation was
lost. While Redis is away, reads come from Postgres and nothing breaks.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from shared import cache_keys
from shared.batching import Batches
from shared.entities import EntityKind
from shared.errors import Unavailable

BODY_TTL_S = 3600
"""Bounds staleness while the invalidator is away."""
VERSION_TTL_S = 7 * 86400
"""Outlives every fill that could have been read before an invalidation."""
REDIS_TIMEOUT_S = 0.5
REST_S = 1.0
"""Reads pass by a Redis that failed for so long: one that is silent would hold up every read for its whole timeout."""
MAX_READS = 64
"""Bodies fetched in one round trip."""

_INVALIDATE = """
local known = tonumber(redis.call('GET', KEYS[2]) or '0')
local version = tonumber(ARGV[1])
if version <= known then return 0 end
redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[2])
redis.call('UNLINK', KEYS[1])
return 1
"""
_FILL = """
local known = tonumber(redis.call('GET', KEYS[2]) or '0')
local version = tonumber(ARGV[1])
if version < known then return 0 end
if version > known then
  redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[5])
  redis.call('UNLINK', KEYS[1])
end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
"""

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CachedResponse:
    """A finished response: `etag` is the quoted strong entity tag, `body` the bytes as sent."""

    etag: str
    body: bytes

    def pack(self) -> bytes:
        return self.etag.encode("ascii") + b"\n" + self.body

    @classmethod
    def unpack(cls, value: bytes) -> "CachedResponse | None":
        """None for a value that this code did not write: a miss."""
        etag, separator, body = value.partition(b"\n")
        if not separator or not etag.startswith(b'"') or not etag.endswith(b'"') or not etag.isascii():
            return None
        return cls(etag.decode("ascii"), body)


class RedisCache:
    """The response cache in Redis. Reads and fills never fail; invalidations raise Unavailable("redis")."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._invalidate = redis.register_script(_INVALIDATE)
        self._fill = redis.register_script(_FILL)
        self._read = Batches(self._read_all, limit=MAX_READS)
        self._silent_until_s = 0.0

    async def get(self, kind: EntityKind, slug: str, variant: str) -> CachedResponse | None:
        """The stored response, or None: not stored, not readable, or Redis is away. At most two round trips, shared with other readers."""
        value = await self._read((cache_keys.entity_bodies(kind, slug), variant))
        return None if value is None else CachedResponse.unpack(value)

    async def _read_all(self, wanted: Sequence[tuple[str, str]]) -> Sequence[bytes | None]:
        """Each field that is wanted is read once, however many readers want it."""
        distinct = dict.fromkeys(wanted)
        loop = asyncio.get_running_loop()
        if loop.time() < self._silent_until_s:
            return [None] * len(wanted)
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                for key, field in distinct:
                    pipeline.hget(key, field)
                values = await pipeline.execute(raise_on_error=False)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("cache.unavailable", error=type(error).__name__)
            self._silent_until_s = loop.time() + REST_S
            return [None] * len(wanted)
        found = dict(zip(distinct, values, strict=True))
        return [value if isinstance(value := found[one], bytes) else None for one in wanted]

    async def fill(self, kind: EntityKind, slug: str, variant: str, version: int, response: CachedResponse) -> bool:
        """Store `response`, built from the entity at `version`, unless a newer version was announced. False when it was not stored."""
        keys = [cache_keys.entity_bodies(kind, slug), cache_keys.entity_version(kind, slug)]
        try:
            return bool(
                await self._fill(keys=keys, args=[version, variant, response.pack(), BODY_TTL_S, VERSION_TTL_S])
            )
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("cache.unavailable", error=type(error).__name__)
            return False

    async def invalidate(self, kind: EntityKind, slug: str, version: int) -> bool:
        """From now on no response older than `version` is served. False when that already held. Raises Unavailable("redis")."""
        keys = [cache_keys.entity_bodies(kind, slug), cache_keys.entity_version(kind, slug)]
        try:
            return bool(await self._invalidate(keys=keys, args=[version, VERSION_TTL_S]))
        except (RedisError, OSError, TimeoutError) as error:
            raise Unavailable("redis") from error

    async def reachable(self) -> bool:
        """Whether Redis answers now."""
        try:
            return bool(await self._redis.ping())  # pyright: ignore[reportGeneralTypeIssues] (sync/async union)
        except (RedisError, OSError, TimeoutError):
            return False

    async def close(self) -> None:
        await self._redis.aclose()


def connect(url: str) -> "Redis":
    """A client whose every call ends within half a second; opens no connection yet."""
    pool = BlockingConnectionPool.from_url(
        url,
        timeout=REDIS_TIMEOUT_S,  # for a free connection; the default pool would refuse instead of waiting
        socket_timeout=REDIS_TIMEOUT_S,
        socket_connect_timeout=REDIS_TIMEOUT_S,
        max_connections=64,
        health_check_interval=15,
        retry=Retry(NoBackoff(), 1),
    )
    return Redis.from_pool(pool)
