"""The adapter and a server of the protocol that this project did not write; docs/providers.md says how to run it."""

import json
import os

import pytest
from pydantic import SecretStr
from tests.integration.generator.harness import Generator
from tests.support import sandbox as sandboxes
from tests.support.calls import a_call
from tests.support.jobs import store_generation
from tests.unit.generator.samples import MATRIX

from generator import prompts
from generator.adapters.circuits import Circuits
from generator.adapters.openai import Endpoint, OpenAITextModel
from generator.adapters.openai.structured import SCHEMA
from generator.adapters.postgres_calls import PostgresCallJournal
from generator.adapters.postgres_results import PostgresLibrary
from generator.guard import Validator
from generator.ports import Brief
from generator.routing import ModelRoutes
from generator.usecases.find_subject import FindSubject
from generator.usecases.generate_text import GenerateText
from generator.usecases.write_text import WriteText
from shared.clock import SystemClock
from shared.db.attempts import PostgresAttempts
from shared.db.engine import Database
from shared.entities import ContextTag, Form, Locale
from shared.errors import Permanent, Transient
from shared.http import client
from shared.jobs import AttemptPolicy
from shared.messaging.consume import JobConsumer
from shared.tmdb.catalog import TmdbCatalog
from shared.tmdb.client import TmdbClient
from shared.topology import GENERATION_REQUESTS

URL = os.environ.get("FOREIGN_MODEL_BASE_URL", "")
MODEL = os.environ.get("FOREIGN_MODEL", "tiny")
PATIENCE_S = 110.0
PROMPT = prompts.render(Brief(MATRIX, Form.DESCRIPTION, Locale.EN, ContextTag.DEFAULT))

pytestmark = pytest.mark.skipif(not URL, reason="FOREIGN_MODEL_BASE_URL names no server")


def foreign(*, max_output_tokens: int) -> OpenAITextModel:
    key, clock = SecretStr(os.environ.get("FOREIGN_MODEL_API_KEY", "")), SystemClock()
    endpoint = Endpoint(URL, key, dialect="compatible", max_output_tokens=max_output_tokens)
    return OpenAITextModel(
        endpoint, routes=ModelRoutes(MODEL), connections=1, circuits=Circuits(clock, [MODEL]), clock=clock
    )


async def test_the_answer_has_the_form_that_was_asked_for() -> None:
    model = foreign(max_output_tokens=2000)
    try:
        answer, spent = await model.write(PROMPT, a_call(), deadline_s=PATIENCE_S)
    finally:
        await model.close()

    assert answer.model
    assert spent.prompt_tokens
    assert answer.finish_reason in {"stop", "length"}
    if answer.finish_reason == "stop":
        assert set(json.loads(answer.content)) == set(SCHEMA["required"])


async def test_the_limit_of_the_answer_is_kept() -> None:
    model = foreign(max_output_tokens=256)
    try:
        _, spent = await model.write(PROMPT, a_call(), deadline_s=PATIENCE_S)
    finally:
        await model.close()

    assert spent.completion_tokens is not None
    assert spent.completion_tokens <= 256


async def test_f39_the_deadline_is_kept() -> None:
    model = foreign(max_output_tokens=4000)
    try:
        with pytest.raises((TimeoutError, Transient, Permanent)) as stopped:
            await model.write(PROMPT, a_call(), deadline_s=0.01)
    finally:
        await model.close()

    assert isinstance(stopped.value, TimeoutError)


async def test_a_whole_job_ends_and_every_call_is_in_the_journal(database: Database) -> None:
    model = foreign(max_output_tokens=2000)
    with sandboxes.process() as url:
        async with client() as http:
            tmdb = TmdbClient(f"{url}/tmdb/3", SecretStr("sandbox"), http=http)
            library = PostgresLibrary(database)
            generate = GenerateText(
                find_subject=FindSubject(library=library, catalog=TmdbCatalog(tmdb, SystemClock())),
                library=library,
                write_text=WriteText(
                    calls=PostgresCallJournal(database),
                    model=model,
                    validator=Validator.load(),
                    timeout_s=PATIENCE_S / 3,
                ),
            )
            attempts = PostgresAttempts(database, "generator", GENERATION_REQUESTS.name, AttemptPolicy(ladder_s=()))
            consumer = JobConsumer(attempts, SystemClock(), concurrency=1, lease_s=30.0)
            generator = Generator(database, consumer, generate)
            job = await store_generation(database)

            row = await generator.finish(job)
    await model.close()

    calls = await generator.calls_of(job)
    assert row["status"] == "DONE" or row["error"]["type"] in {"NOT_FOUND", "VALIDATION_ERROR"}, row["error"]
    assert [call["outcome"] for call in calls] == ["ok"] * len(calls)
    assert all(call["prompt_tokens"] and call["completion_tokens"] for call in calls)
