"""`python -m tests.bench.instant_generator`: the generator as `generator.app` puts it together, but for a model that answers at once.

BENCH_AI_LATENCY_S makes the model take that long. Everything else is the product: claim, lease, journal, checkpoint, checks, outbox.
"""

import os
import sys

from tests.bench.instant import CONTENT

from generator import handlers
from generator.adapters.postgres_calls import PostgresCallJournal
from generator.adapters.postgres_results import PostgresLibrary
from generator.config import GeneratorSettings
from generator.guard import Validator
from generator.ports import Answer, Call, Prompt, Spent
from generator.usecases.find_subject import FindSubject
from generator.usecases.generate_text import GenerateText
from generator.usecases.write_text import WriteText
from shared import topology
from shared.clock import Clock
from shared.http import client
from shared.jobs import Attempt
from shared.messaging.foundation import Foundation
from shared.messaging.worker import Worker, run_worker
from shared.settings import load
from shared.tmdb.catalog import TmdbCatalog
from shared.tmdb.client import TmdbClient


class InstantModel:
    """Implements `TextModel`: one constant answer, after `latency_s`."""

    def __init__(self, latency_s: float, clock: Clock) -> None:
        self._latency_s = latency_s
        self._clock = clock

    def name(self, attempt: Attempt) -> str:
        return "instant"

    async def admitted(self, prompt: Prompt, attempt: Attempt) -> None:
        """At once."""

    async def write(self, prompt: Prompt, call: Call, *, deadline_s: float) -> tuple[Answer, Spent]:
        if self._latency_s:
            await self._clock.sleep(self._latency_s)
        return Answer(CONTENT, "stop", self.name(call.attempt)), Spent()


def create_app(settings: GeneratorSettings) -> Worker:
    base = Foundation(topology.GENERATION_REQUESTS, settings)
    http, library = client(), PostgresLibrary(base.database)
    tmdb = TmdbClient(settings.tmdb_base_url, settings.tmdb_api_key, http=http, deadline_s=settings.tmdb_deadline_s)
    generate = GenerateText(
        find_subject=FindSubject(library=library, catalog=TmdbCatalog(tmdb, base.clock)),
        library=library,
        write_text=WriteText(
            calls=PostgresCallJournal(base.database),
            model=InstantModel(float(os.environ.get("BENCH_AI_LATENCY_S", "0")), base.clock),
            validator=Validator.load(grounded=False),
            timeout_s=settings.openai_timeout_s,
        ),
    )
    concurrency = settings.generator_concurrency
    consumer = base.job_consumer(concurrency)
    return base.worker(
        handlers.router(consumer, generate, prefetch=concurrency), consumer=consumer, owns=(http.aclose,)
    )


if __name__ == "__main__":
    sys.exit(run_worker(create_app, load(GeneratorSettings)))
