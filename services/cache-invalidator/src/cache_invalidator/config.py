"""Settings of the cache invalidator."""

from pydantic import Field

from shared.settings import RedisSettings, WorkerSettings


class CacheInvalidatorSettings(RedisSettings, WorkerSettings):
    """Everything the cache invalidator is told."""

    health_port: int = Field(default=8003, ge=1, le=65535)
