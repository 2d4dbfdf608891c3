"""The versioned response cache.

One hash per entity holds its finished responses, one field per variant; beside it stands the newest version an invalidation has
announced. An invalidation stores the version and drops the hash in one step, so nothing is scanned and no variant is forgotten. A fill
carries the version that was read from Postgres *before* the row it was built from, and is refused when a newer one is stored: a slow
reader can never put old data back. A fill of a newer version announces it in turn, so that this holds even when its invalidation was
lost. While Redis is away, reads come from Postgres and nothing breaks.

Answers about many entities, such as lists, belong to a generation of their kind instead. An invalidation ends the present generation of
every kind whose answers may show the entity (`shown_in`), once per version. An answer is kept under the generation that was present before
it was read from Postgres, and it is found while that one is still present. Generations have random names and never expire: one that was
lost is followed by another that no kept answer belongs to.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from shared import cache_keys, ids
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
ANSWER_TTL_S = 300
"""Of answers about many entities. They are large and there are many different ones: `volatile-ttl` evicts them before bodies."""
MAX_ANSWER_READS = 8
MAX_ANSWER_BYTES = 1024 * 1024
"""A longer answer is not kept."""

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
_END_GENERATIONS = """
local known = tonumber(redis.call('GET', KEYS[1]) or '0')
local version = tonumber(ARGV[1])
if version <= known then return 0 end
for place = 2, #KEYS do redis.call('SET', KEYS[place], ARGV[3]) end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1
"""
_GENERATION = """
redis.call('SET', KEYS[1], ARGV[1], 'NX')
return redis.call('GET', KEYS[1])
"""
_KEEP = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3])
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


def shown_in(kind: EntityKind) -> tuple[EntityKind, ...]:
    """The kinds whose answers may show, or are chosen by, an entity of `kind`.

    A title shows in answers about its own kind and, credited, in those about people; a person in answers about people and about every kind
    of title; series and shows in what is related to either. Nothing else crosses from kind to kind, and whoever is stored because of a
    title's credits is announced with that title.
    """
    if kind is EntityKind.PERSON:
        return tuple(EntityKind)
    of_type = (kind,) if kind is EntityKind.MOVIE else (EntityKind.TV_SERIES, EntityKind.TV_SHOW)
    return (*of_type, EntityKind.PERSON)


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What is kept of a question. Without a `generation` nothing can be kept now: Redis is away."""

    response: CachedResponse | None = None
    generation: str | None = None


class RedisCache:
    """The response cache in Redis. Reads and fills never fail; invalidations raise Unavailable("redis")."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._invalidate = redis.register_script(_INVALIDATE)
        self._fill = redis.register_script(_FILL)
        self._end_generations = redis.register_script(_END_GENERATIONS)
        self._generation = redis.register_script(_GENERATION)
        self._keep = redis.register_script(_KEEP)
        self._read = Batches(self._read_all, limit=MAX_READS)
        self._read_answers = Batches(self._read_all, limit=MAX_ANSWER_READS)
        self._silent_until_s = 0.0

    async def get(self, kind: EntityKind, slug: str, variant: str) -> CachedResponse | None:
        """The stored response, or None: not stored, not readable, or Redis is away. At most two round trips, shared with other readers."""
        value = await self._read(("HGET", cache_keys.entity_bodies(kind, slug), variant))
        return CachedResponse.unpack(value) if isinstance(value, bytes) else None

    async def _read_all(self, wanted: Sequence[tuple[str, ...]]) -> Sequence[object]:
        """What the read commands answer; each is sent once, however many readers want it. None for all while Redis is away."""
        distinct = dict.fromkeys(wanted)
        loop = asyncio.get_running_loop()
        if loop.time() < self._silent_until_s:
            return [None] * len(wanted)
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                for command in distinct:
                    pipeline.execute_command(*command)
                values = await pipeline.execute(raise_on_error=False)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("cache.unavailable", error=type(error).__name__)
            self._silent_until_s = loop.time() + REST_S
            return [None] * len(wanted)
        found = dict(zip(distinct, values, strict=True))
        return [found[one] for one in wanted]

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

    async def get_answer(self, kind: EntityKind, question: str) -> KeptAnswer:
        """What is kept of a question about `kind`, and the generation that an answer read from Postgres from now on belongs to.

        One round trip, shared with other readers; two when the kind has no generation yet.
        """
        values = await self._read_answers(("MGET", cache_keys.generation(kind), cache_keys.answer(kind, question)))
        if not isinstance(values, list):
            return KeptAnswer()
        generation, kept = cast("list[bytes | None]", values)
        if generation is None:
            return KeptAnswer(generation=await self._new_generation(kind))
        of, _, response = (kept or b"").partition(b"\n")
        return KeptAnswer(CachedResponse.unpack(response) if of == generation else None, generation.decode("latin-1"))

    async def _new_generation(self, kind: EntityKind) -> str | None:
        try:
            generation = await self._generation(keys=[cache_keys.generation(kind)], args=[ids.row_id().hex])
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("cache.unavailable", error=type(error).__name__)
            return None
        return cast("bytes", generation).decode("latin-1")

    async def keep_answer(self, kind: EntityKind, question: str, generation: str, response: CachedResponse) -> bool:
        """Keep the answer, read from Postgres after `generation` was got. False when that has ended, or the answer is too long."""
        of = generation.encode("latin-1")
        value = of + b"\n" + response.pack()
        if len(value) > MAX_ANSWER_BYTES:
            return False
        keys = [cache_keys.generation(kind), cache_keys.answer(kind, question)]
        try:
            return bool(await self._keep(keys=keys, args=[of, value, ANSWER_TTL_S]))
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("cache.unavailable", error=type(error).__name__)
            return False

    async def invalidate(self, kind: EntityKind, slug: str, version: int) -> bool:
        """From now on nothing is served that shows the entity as it was before `version`.

        False when that already held of responses that show it alone. Raises Unavailable("redis"): repeat it, nothing is done twice.
        """
        bodies, known = cache_keys.entity_bodies(kind, slug), cache_keys.entity_version(kind, slug)
        answers = [cache_keys.told(kind, slug), *map(cache_keys.generation, shown_in(kind))]
        try:
            await self._end_generations(keys=answers, args=[version, VERSION_TTL_S, ids.row_id().hex])
            return bool(await self._invalidate(keys=[bodies, known], args=[version, VERSION_TTL_S]))
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
