"""A generator over real PostgreSQL and the sandbox: deliveries are made by hand, without a broker."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from tests.integration.generator.harness import Generator
from tests.support.sandbox import Sandbox

from generator.adapters.circuits import Circuits
from generator.adapters.openai import Endpoint, OpenAITextModel
from generator.adapters.postgres_calls import PostgresCallJournal
from generator.adapters.postgres_results import PostgresLibrary
from generator.guard import Validator
from generator.routing import ModelRoutes
from generator.usecases.find_subject import FindSubject
from generator.usecases.generate_text import GenerateText
from generator.usecases.write_text import WriteText
from shared.clock import SystemClock
from shared.db.attempts import PostgresAttempts
from shared.db.engine import Database
from shared.http import client
from shared.jobs import AttemptPolicy
from shared.messaging.consume import JobConsumer
from shared.tmdb.catalog import TmdbCatalog
from shared.tmdb.client import TmdbClient
from shared.topology import GENERATION_REQUESTS

NO_BACKOFF = AttemptPolicy(ladder_s=())
CALL_S = 2.0


@pytest.fixture(scope="session")
def validator() -> Validator:
    return Validator.load()


@pytest.fixture
async def generator(database: Database, sandbox: Sandbox, validator: Validator) -> AsyncIterator[Generator]:
    async with client() as http:
        model = OpenAITextModel(
            Endpoint(base_url=f"{sandbox.url}/openai/v1", api_key=SecretStr("sandbox")),
            routes=ModelRoutes("gpt-4o-mini"),
            connections=8,
            circuits=Circuits(SystemClock(), ["gpt-4o-mini"]),
            clock=SystemClock(),
        )
        tmdb = TmdbClient(f"{sandbox.url}/tmdb/3", SecretStr("sandbox"), http=http)
        library = PostgresLibrary(database)
        writing = WriteText(calls=PostgresCallJournal(database), model=model, validator=validator, timeout_s=CALL_S)
        finding = FindSubject(library=library, catalog=TmdbCatalog(tmdb, SystemClock()))
        attempts = PostgresAttempts(database, "generator", GENERATION_REQUESTS.name, NO_BACKOFF)
        consumer = JobConsumer(attempts, SystemClock(), concurrency=8, lease_s=30.0)
        yield Generator(database, consumer, GenerateText(find_subject=finding, library=library, write_text=writing))
        await model.close()
