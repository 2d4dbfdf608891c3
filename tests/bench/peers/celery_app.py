"""Celery as its documentation sets it up for work that must not be lost: quorum queue, confirmed publishes, late acknowledgement.

`tests.bench.peers.celery_app:api` accepts, `celery -A tests.bench.peers.celery_app:tasks worker` works.
"""

import os
from typing import Any, cast
from uuid import UUID

import orjson
from celery import Celery
from celery.signals import worker_process_init
from fastapi import FastAPI
from fastapi.responses import Response
from kombu.entity import Queue
from openai import OpenAI
from sqlalchemy import Engine, create_engine, text
from tests.bench.peers.body import Generate
from tests.bench.peers.model import open_client, write_now
from tests.bench.peers.store import CONNECTIONS, DATABASE_URL, PREFETCH, RABBITMQ_URL

from shared import ids

QUEUE = "bench.celery"
PROCESSES = os.cpu_count() or 1

tasks = Celery("bench", broker=RABBITMQ_URL or "memory://")
tasks.conf.update(
    task_queues=[Queue(QUEUE, routing_key=QUEUE, queue_arguments={"x-queue-type": "quorum"})],
    task_default_queue=QUEUE,
    task_default_queue_type="quorum",
    task_acks_late=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=PREFETCH // PROCESSES,
    broker_transport_options={"confirm_publish": True},
    broker_connection_retry_on_startup=True,
)
api = FastAPI(openapi_url=None)
_INSERT_JOB = text(
    "INSERT INTO jobs (id, entity_type, slug, locale, context_tag) VALUES (:id, :kind, :slug, :locale, :tag)"
)
_INSERT_TEXT = text("INSERT INTO texts (id, job_id, slug, locale, text) VALUES (:id, :job_id, :slug, :locale, :text)")
_FINISH_JOB = text("UPDATE jobs SET status = 'DONE', finished_at = now() WHERE id = :id")


class _Process:
    """What one process keeps open. A forked worker makes its own."""

    def __init__(self) -> None:
        url = (DATABASE_URL or "postgresql://").replace("postgresql://", "postgresql+psycopg://", 1)
        self.engine: Engine = create_engine(url, pool_size=CONNECTIONS, max_overflow=0)
        self.client: OpenAI | None = open_client()


_process = _Process()


@worker_process_init.connect
def _forked(**_: Any) -> None:
    global _process  # noqa: PLW0603 (Celery's own way to open connections after the fork)
    _process = _Process()


@api.get("/up")
def up() -> dict[str, str]:
    return {"status": "ok"}


@api.post("/api/v1/generate")
def generate(body: Generate) -> Response:
    job_id = ids.job_id()
    with _process.engine.begin() as database:
        values = {"kind": body.entity_type, "slug": body.slug, "locale": body.locale, "tag": body.context_tag}
        database.execute(_INSERT_JOB, {"id": job_id, **values})
    cast("Any", write_text).delay(str(job_id), body.slug, body.locale)
    return Response(orjson.dumps({"job_id": str(job_id), "status": "PENDING"}), 202, media_type="application/json")


@tasks.task(name="write_text")  # pyright: ignore[reportUntypedFunctionDecorator] (Celery has no types)
def write_text(job_id: str, slug: str, locale: str) -> None:
    """Text and state in one transaction."""
    written = write_now(_process.client, slug)
    job = UUID(job_id)
    with _process.engine.begin() as database:
        values = {"job_id": job, "slug": slug, "locale": locale, "text": written}
        database.execute(_INSERT_TEXT, {"id": ids.row_id(), **values})
        database.execute(_FINISH_JOB, {"id": job})
