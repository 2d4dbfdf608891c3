"""`python -m tmdb_sync`."""

import sys

from shared.messaging.worker import run_worker
from shared.settings import load
from tmdb_sync.app import create_app
from tmdb_sync.config import TmdbSyncSettings

if __name__ == "__main__":
    sys.exit(run_worker(create_app, load(TmdbSyncSettings)))
