"""tmdb-sync, put together: the only place where its objects are built."""

from shared import telemetry, topology
from shared.clock import SystemClock
from shared.db.attempts import PostgresAttempts
from shared.db.engine import Database, PoolOptions
from shared.http import client
from shared.messaging.broker import make_broker
from shared.messaging.consume import JobConsumer
from shared.messaging.runtime import Messaging
from shared.messaging.worker import Worker
from shared.tmdb.catalog import TmdbCatalog
from shared.tmdb.client import TmdbClient
from tmdb_sync import handlers
from tmdb_sync.adapters.postgres import CONSUMER, PostgresFacts
from tmdb_sync.config import TmdbSyncSettings
from tmdb_sync.usecases.sync_entity import SyncEntity


def create_app(settings: TmdbSyncSettings) -> Worker:
    tracing = telemetry.setup(CONSUMER, settings.process.instance_id, settings.telemetry)
    clock = SystemClock()
    options = PoolOptions(size=settings.postgres.database_pool_size, wait_s=settings.postgres.database_pool_wait_s)
    database = Database.connect(settings.postgres.database_url.get_secret_value(), CONSUMER, options)
    http = client()
    tmdb = TmdbClient(
        settings.tmdb.tmdb_base_url, settings.tmdb.tmdb_api_key, http=http, deadline_s=settings.tmdb.tmdb_deadline_s
    )
    catalog = TmdbCatalog(tmdb, clock)
    queue = topology.REFRESH_REQUESTS
    policy = settings.jobs.policy
    attempts = PostgresAttempts(database, CONSUMER, queue.name, policy)
    consumer = JobConsumer(attempts, clock, concurrency=queue.prefetch, lease_s=policy.lease_s)
    url = settings.rabbit.rabbitmq_url.get_secret_value()
    broker = make_broker(url, CONSUMER, tracing)
    broker.include_router(handlers.router(consumer, SyncEntity(catalog, PostgresFacts(database))))
    messaging = Messaging(
        url=url,
        service=CONSUMER,
        broker=broker,
        database=database,
        clock=clock,
        queues=(queue,),
        consumer=consumer,
    )
    return Worker(
        service=CONSUMER,
        instance_id=settings.process.instance_id,
        health=settings.health,
        database=database,
        messaging=messaging,
        owns=(http.aclose,),
    )
