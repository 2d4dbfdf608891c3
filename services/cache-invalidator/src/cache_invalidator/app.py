"""The cache invalidator, put together: the only place where its objects are built."""

from cache_invalidator import handlers
from cache_invalidator.config import CacheInvalidatorSettings
from cache_invalidator.usecases.invalidate_entity import InvalidateEntity
from shared import cache, topology
from shared.health import CheckStatus
from shared.messaging.foundation import Foundation
from shared.messaging.worker import Worker


def create_app(settings: CacheInvalidatorSettings) -> Worker:
    base = Foundation(topology.INVALIDATIONS, settings)
    responses = cache.RedisCache(cache.connect(settings.redis_url.get_secret_value()))

    async def redis() -> CheckStatus:
        return CheckStatus.OK if await responses.reachable() else CheckStatus.ERROR

    router = handlers.router(base.event_consumer(), InvalidateEntity(responses))
    return base.worker(router, probes={"redis": redis}, owns=(responses.close,))
