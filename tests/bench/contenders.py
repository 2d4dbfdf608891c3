"""MovieMind and its peers as whole systems: what accepts, and what works."""

from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager

from tests.bench.peers import store
from tests.bench.peers.celery_app import PROCESSES
from tests.bench.peers.celery_app import QUEUE as CELERY_QUEUE
from tests.bench.peers.raw import QUEUE as RAW_QUEUE
from tests.bench.peers.taskiq_app import QUEUE as TASKIQ_QUEUE
from tests.bench.seeding import make_key
from tests.bench.servers import Ground
from tests.bench.subjects import LOG_LEVEL, OUR_QUEUE, Process, Subject, consuming, gateway, peer_api, peer_settings
from tests.bench.subjects import service as our_service

OURS, RAW, CELERY, TASKIQ = "MovieMind", "FastAPI + aio-pika + asyncpg", "Celery", "Taskiq"


def ours(ground: Ground, database_url: str, ai_url: str = "", *, latency_s: float = 0.0) -> Subject:
    """Gateway, generator and cache invalidator; the model answers in process, or over HTTP from `ai_url`."""
    api, port = gateway(ground, database_url)
    workers = [generator(ground, database_url, ai_url, latency_s=latency_s)]
    workers.append(our_service(ground, "cache_invalidator", database_url)[0])
    return Subject(OURS, port, database_url, OUR_QUEUE, api, workers, make_key(database_url))


def generator(ground: Ground, database_url: str, ai_url: str = "", *, latency_s: float = 0.0) -> Process:
    """One generator process."""
    module = "generator" if ai_url else "tests.bench.instant_generator"
    settings = {"OPENAI_BASE_URL": ai_url, "BENCH_AI_LATENCY_S": str(latency_s)}
    return our_service(ground, module, database_url, settings=settings.items())[0]


def raw(ground: Ground, database_url: str, ai_url: str = "") -> Subject:
    api, port = peer_api(ground, "raw", database_url)
    worker = _worker(ground, "raw worker", database_url, ai_url, RAW_QUEUE, ("tests.bench.peers.raw",))
    return Subject(RAW, port, database_url, RAW_QUEUE, api, [worker])


def celery(ground: Ground, database_url: str, ai_url: str = "") -> Subject:
    """One worker process per core."""
    api, port = peer_api(ground, "celery_app", database_url)
    command = ("celery", "-A", "tests.bench.peers.celery_app:tasks", "worker", "--pool", "prefork")
    options = ("--concurrency", str(PROCESSES), "--loglevel", LOG_LEVEL)
    worker = _worker(ground, "celery worker", database_url, ai_url, CELERY_QUEUE, (*command, *options))
    return Subject(CELERY, port, database_url, CELERY_QUEUE, api, [worker])


def taskiq(ground: Ground, database_url: str, ai_url: str = "") -> Subject:
    api, port = peer_api(ground, "taskiq_app", database_url)
    command = ("taskiq", "worker", "tests.bench.peers.taskiq_app:broker", "--workers", "1", "--log-level", "WARNING")
    options = ("--max-async-tasks", str(store.PREFETCH), "--ack-type", "when_executed")
    worker = _worker(ground, "taskiq worker", database_url, ai_url, TASKIQ_QUEUE, (*command, *options))
    return Subject(TASKIQ, port, database_url, TASKIQ_QUEUE, api, [worker])


@contextmanager
def contenders(ground: Ground, ai_url: str = "") -> Generator[Mapping[str, Subject]]:
    """All four by name, each on a database of its own; nothing is started yet."""
    with ExitStack() as stack:
        made = [ours(ground, stack.enter_context(ground.migrated()), ai_url)]
        peers = (raw, celery, taskiq)
        made += [peer(ground, stack.enter_context(ground.database(store.create_schema)), ai_url) for peer in peers]
        yield {subject.name: subject for subject in made}


def _worker(
    ground: Ground, name: str, database_url: str, ai_url: str, queue: str, arguments: tuple[str, ...]
) -> Process:
    environment = peer_settings(ground, database_url, BENCH_AI_URL=ai_url)
    log = ground.directory / f"{name.replace(' ', '-')}-{database_url[-8:]}.log"
    return Process(name, arguments, environment, consuming(ground, queue), log)
