"""The generator, put together: the only place where its objects are built."""

from functools import partial

from generator import handlers, parts
from generator.adapters.circuits import Circuits
from generator.adapters.kill_switch import KillSwitch
from generator.adapters.postgres_calls import PostgresCallJournal
from generator.adapters.postgres_results import PostgresLibrary
from generator.config import GeneratorSettings
from generator.guard import Validator
from generator.usecases.find_subject import FindSubject
from generator.usecases.generate_text import GenerateText
from generator.usecases.write_text import WriteText
from shared import topology
from shared.db import ai_spending
from shared.http import client
from shared.messaging.foundation import Foundation
from shared.messaging.worker import Worker
from shared.tmdb.catalog import TmdbCatalog
from shared.tmdb.client import TmdbClient


def create_app(settings: GeneratorSettings) -> Worker:
    base = Foundation(topology.GENERATION_REQUESTS, settings)
    circuits, switch = Circuits(base.clock, parts.routes(settings).models), KillSwitch(base.database, base.clock)
    limiter = parts.limiter(settings, base.clock)
    model = parts.text_model(settings, circuits, base.clock, limiter)
    http, library = client(), PostgresLibrary(base.database)
    tmdb = TmdbClient(settings.tmdb_base_url, settings.tmdb_api_key, http=http, deadline_s=settings.tmdb_deadline_s)
    generate = GenerateText(
        find_subject=FindSubject(library=library, catalog=TmdbCatalog(tmdb, base.clock)),
        library=library,
        write_text=WriteText(
            calls=PostgresCallJournal(
                base.database, budget=settings.budget, tariff=parts.tariff(settings), switch=switch
            ),
            model=model,
            validator=Validator.load(grounded=settings.feature_hallucination_guard),
            timeout_s=settings.openai_timeout_s,
        ),
        lock_baseline=settings.feature_ai_generation_baseline_locking,
    )
    concurrency = settings.generator_concurrency

    async def admitted() -> None:
        await switch.admitted()
        await circuits.admitted()

    consumer = base.job_consumer(concurrency, admitted=admitted)
    return base.worker(
        handlers.router(consumer, generate, prefetch=concurrency),
        consumer=consumer,
        probes={"ai": circuits.status, "ai_switch": switch.status},
        owns=(model.close, limiter.close, http.aclose),
        tidy=partial(ai_spending.tidy, answers_kept_s=settings.ai_answer_retention_s),
    )
