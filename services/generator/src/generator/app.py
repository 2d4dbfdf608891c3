"""The generator, put together: the only place where its objects are built."""

from generator import handlers
from generator.adapters.openai_model import OpenAITextModel, Prices
from generator.adapters.postgres_calls import PostgresCallJournal
from generator.adapters.postgres_results import CONSUMER, PostgresLibrary
from generator.config import AiSettings, GeneratorSettings
from generator.usecases.find_subject import FindSubject
from generator.usecases.generate_text import GenerateText
from generator.usecases.write_text import WriteText
from generator.validation import Validator
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


def create_app(settings: GeneratorSettings) -> Worker:
    tracing = telemetry.setup(CONSUMER, settings.process.instance_id, settings.telemetry)
    clock = SystemClock()
    options = PoolOptions(size=settings.postgres.database_pool_size, wait_s=settings.postgres.database_pool_wait_s)
    database = Database.connect(settings.postgres.database_url.get_secret_value(), CONSUMER, options)
    http = client()
    tmdb = TmdbClient(
        settings.tmdb.tmdb_base_url, settings.tmdb.tmdb_api_key, http=http, deadline_s=settings.tmdb.tmdb_deadline_s
    )
    model = text_model(settings.ai)
    library = PostgresLibrary(database)
    generate = GenerateText(
        find_subject=FindSubject(library=library, catalog=TmdbCatalog(tmdb, clock)),
        library=library,
        write_text=WriteText(
            calls=PostgresCallJournal(database),
            model=model,
            validator=Validator.load(),
            timeout_s=settings.ai.openai_timeout_s,
        ),
    )
    queue = topology.GENERATION_REQUESTS
    policy, concurrency = settings.jobs.policy, settings.ai.generator_concurrency
    attempts = PostgresAttempts(database, CONSUMER, queue.name, policy)
    consumer = JobConsumer(attempts, clock, concurrency=concurrency, lease_s=policy.lease_s)
    url = settings.rabbit.rabbitmq_url.get_secret_value()
    broker = make_broker(url, CONSUMER, tracing)
    broker.include_router(handlers.router(consumer, generate, prefetch=concurrency))
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
        owns=(model.close, http.aclose),
    )


def text_model(settings: AiSettings) -> OpenAITextModel:
    """The configured model."""
    prices = None
    if settings.openai_price_input_usd is not None and settings.openai_price_output_usd is not None:
        prices = Prices(settings.openai_price_input_usd, settings.openai_price_output_usd)
    return OpenAITextModel(
        base_url=settings.openai_base_url,
        api_key=settings.openai_api_key,
        model=settings.openai_model,
        connections=settings.generator_concurrency,
        prices=prices,
    )
