"""`python -m cache_invalidator`."""

import sys

from cache_invalidator.app import create_app
from cache_invalidator.config import CacheInvalidatorSettings
from shared.messaging.worker import run_worker
from shared.settings import load

if __name__ == "__main__":
    sys.exit(run_worker(create_app, load(CacheInvalidatorSettings)))
