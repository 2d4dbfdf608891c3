"""The in-flight slot of an identity: a fast answer to "is there an active job already?", never the deciding one.

The partial unique index on `jobs.dedupe_key` decides. Losing Redis, or a slot that outlived its job, costs a query.
"""

from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from shared import cache_keys

_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class RedisSlots:
    """Slots live `ttl_s` seconds: longer than the job's deadline, so that a slot ends after its job in any case."""

    def __init__(self, redis: "Redis", ttl_s: int) -> None:
        self._redis = redis
        self._ttl_s = ttl_s
        self._release = redis.register_script(_RELEASE)

    async def holder(self, dedupe_key: UUID) -> UUID | None:
        """The job believed to be active, or None when unknown. The caller checks the job's stored status before answering with it."""
        try:
            value = await self._redis.get(cache_keys.job_slot(dedupe_key))
            return UUID(value.decode()) if isinstance(value, bytes) else None
        except (RedisError, OSError, TimeoutError, ValueError):
            return None

    async def take(self, dedupe_key: UUID, job_id: UUID) -> None:
        """Say that `job_id`, already committed, is the active job of the identity."""
        try:
            await self._redis.set(cache_keys.job_slot(dedupe_key), str(job_id), ex=self._ttl_s)
        except (RedisError, OSError, TimeoutError):
            return

    async def release(self, dedupe_key: UUID, job_id: UUID) -> None:
        """Free the slot if `job_id` still holds it."""
        try:
            await self._release(keys=[cache_keys.job_slot(dedupe_key)], args=[str(job_id)])
        except (RedisError, OSError, TimeoutError):
            return
