"""The cache invalidator, put together: the only place where its objects are built."""

from cache_invalidator import handlers
from cache_invalidator.config import CacheInvalidatorSettings
from cache_invalidator.usecases.invalidate_entity import InvalidateEntity
from shared import cache, telemetry, topology
from shared.clock import SystemClock
from shared.db.attempts import PostgresAttempts
from shared.db.engine import Database, PoolOptions
from shared.health import CheckStatus
from shared.jobs import AttemptPolicy
from shared.messaging.broker import make_broker
from shared.messaging.consume import EventConsumer
from shared.messaging.runtime import Messaging
from shared.messaging.worker import Worker

CONSUMER = "cache-invalidator"


def create_app(settings: CacheInvalidatorSettings) -> Worker:
    tracing = telemetry.setup(CONSUMER, settings.process.instance_id, settings.telemetry)
    clock = SystemClock()
    options = PoolOptions(size=settings.postgres.database_pool_size, wait_s=settings.postgres.database_pool_wait_s)
    database = Database.connect(settings.postgres.database_url.get_secret_value(), CONSUMER, options)
    responses = cache.RedisCache(cache.connect(settings.redis.redis_url.get_secret_value()))
    queue = topology.INVALIDATIONS
    consumer = EventConsumer(PostgresAttempts(database, CONSUMER, queue.name, AttemptPolicy()), clock)
    url = settings.rabbit.rabbitmq_url.get_secret_value()
    broker = make_broker(url, CONSUMER, tracing)
    broker.include_router(handlers.router(consumer, InvalidateEntity(responses)))

    async def redis() -> CheckStatus:
        return CheckStatus.OK if await responses.reachable() else CheckStatus.ERROR

    return Worker(
        service=CONSUMER,
        instance_id=settings.process.instance_id,
        health=settings.health,
        database=database,
        messaging=Messaging(
            url=url, service=CONSUMER, broker=broker, database=database, clock=clock, queues=(queue,), sweeps=False
        ),
        probes={"redis": redis},
        owns=(responses.close,),
    )
