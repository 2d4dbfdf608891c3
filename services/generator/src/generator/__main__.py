"""`python -m generator`."""

import sys

from generator.app import create_app
from generator.config import GeneratorSettings
from shared.messaging.worker import run_worker
from shared.settings import load

if __name__ == "__main__":
    sys.exit(run_worker(create_app, load(GeneratorSettings)))
