"""The generator, put together: the only place where its objects are built."""

from generator import handlers
from generator.adapters.circuit import Circuit
from generator.adapters.openai_model import OpenAITextModel, Prices
from generator.adapters.postgres_calls import PostgresCallJournal
from generator.adapters.postgres_results import PostgresLibrary
from generator.config import AiSettings, GeneratorSettings
from generator.usecases.find_subject import FindSubject
from generator.usecases.generate_text import GenerateText
from generator.usecases.write_text import WriteText
from generator.validation import Validator
from shared import topology
from shared.http import client
from shared.messaging.foundation import Foundation
from shared.messaging.worker import Worker
from shared.tmdb.catalog import TmdbCatalog
from shared.tmdb.client import TmdbClient


def create_app(settings: GeneratorSettings) -> Worker:
    base = Foundation(topology.GENERATION_REQUESTS, settings)
    circuit = Circuit(base.clock)
    http, model, library = client(), text_model(settings, circuit), PostgresLibrary(base.database)
    tmdb = TmdbClient(settings.tmdb_base_url, settings.tmdb_api_key, http=http, deadline_s=settings.tmdb_deadline_s)
    generate = GenerateText(
        find_subject=FindSubject(library=library, catalog=TmdbCatalog(tmdb, base.clock)),
        library=library,
        write_text=WriteText(
            calls=PostgresCallJournal(base.database),
            model=model,
            validator=Validator.load(),
            timeout_s=settings.openai_timeout_s,
        ),
    )
    concurrency = settings.generator_concurrency
    consumer = base.job_consumer(concurrency, admitted=circuit.admitted)
    router = handlers.router(consumer, generate, prefetch=concurrency)
    return base.worker(router, consumer=consumer, probes={"ai": circuit.status}, owns=(model.close, http.aclose))


def text_model(settings: AiSettings, circuit: Circuit) -> OpenAITextModel:
    """The configured model."""
    prices = None
    if settings.openai_price_input_usd is not None and settings.openai_price_output_usd is not None:
        prices = Prices(settings.openai_price_input_usd, settings.openai_price_output_usd)
    return OpenAITextModel(
        base_url=settings.openai_base_url,
        api_key=settings.openai_api_key,
        model=settings.openai_model,
        connections=settings.generator_concurrency,
        circuit=circuit,
        prices=prices,
    )
