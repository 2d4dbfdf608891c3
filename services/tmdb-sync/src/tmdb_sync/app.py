"""tmdb-sync, put together: the only place where its objects are built."""

from shared import topology
from shared.http import client
from shared.messaging.foundation import Foundation
from shared.messaging.worker import Worker
from shared.tmdb.catalog import TmdbCatalog
from shared.tmdb.client import TmdbClient
from tmdb_sync import handlers
from tmdb_sync.adapters.postgres import PostgresFacts
from tmdb_sync.config import TmdbSyncSettings
from tmdb_sync.usecases.sync_entity import SyncEntity


def create_app(settings: TmdbSyncSettings) -> Worker:
    base = Foundation(topology.REFRESH_REQUESTS, settings)
    http = client()
    tmdb = TmdbClient(settings.tmdb_base_url, settings.tmdb_api_key, http=http, deadline_s=settings.tmdb_deadline_s)
    sync = SyncEntity(TmdbCatalog(tmdb, base.clock), PostgresFacts(base.database))
    consumer = base.job_consumer(topology.REFRESH_REQUESTS.prefetch)
    return base.worker(handlers.router(consumer, sync), consumer=consumer, owns=(http.aclose,))
