"""(c) Whole jobs: from the POST to the committed text, with a model that answers at once."""

import http.client
import json
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

import psycopg
from tests.bench.constant_server import instant_provider
from tests.bench.contenders import CELERY, OURS, RAW, contenders
from tests.bench.load import Load, percentile, run_load
from tests.bench.rounds import Aim, Comparison, Sample, interleave
from tests.bench.scale import Scale
from tests.bench.seeding import store_films
from tests.bench.servers import PATIENCE_S, Ground, await_outbox, value
from tests.bench.subjects import OUR_QUEUE, Subject, generate_body, generate_request, running
from tests.support.processes import wait_until

from shared.clock import SystemClock

DRAIN_AIMS = {RAW: Aim(0.7), CELERY: Aim(1.5)}
LATENCY_AIMS = {RAW: Aim(2.0, at_most=True)}
JOB_S = 30.0
POLL_S = 0.003
_DONE = "SELECT count(*) FROM jobs WHERE status = 'DONE'"
_WINDOW_S = """
SELECT extract(epoch FROM max(finished_at) - min(created_at))
FROM (SELECT created_at, finished_at FROM jobs ORDER BY created_at DESC LIMIT %s) AS newest
"""


def measure(ground: Ground, scale: Scale) -> list[Comparison]:
    in_process = _variant(ground, scale, "c1", "model in process", "") if scale.in_process else []
    with instant_provider() as ai_url:
        return [*in_process, *_variant(ground, scale, "c2", "model over HTTP, OpenAI SDK", ai_url)]


def _variant(ground: Ground, scale: Scale, label: str, title: str, ai_url: str) -> list[Comparison]:
    with contenders(ground, ai_url) as subjects:
        store_films(subjects[OURS].database_url, 1, films_needed(scale))
        processes = [process for subject in subjects.values() for process in (subject.api, *subject.workers)]
        draining = _each(subjects, lambda subject: drain(subject, scale.jobs, scale.connections))
        timing = _each(subjects, lambda subject: one_by_one(subject, scale.timed_jobs))
        with running(*processes):
            for subject in subjects.values():
                drain(subject, max(8, scale.jobs // 10), scale.connections)  # pools, caches and plans are warm after it
            drained = interleave(label, scale.rounds, draining, ground.checkpoint)
            timed = interleave(f"{label} one at a time", scale.rounds, timing, ground.checkpoint)
    return [
        Comparison(
            f"{label} jobs per second, {title}",
            "jobs/s",
            OURS,
            drained,
            aims=DRAIN_AIMS,
            notes=(f"{scale.jobs} jobs posted over {scale.connections} connections, first stored to last finished",),
        ),
        Comparison(
            f"{label} one job at a time, {title}",
            "jobs/s",
            OURS,
            timed,
            metric="p50_ms",
            aims=LATENCY_AIMS,
            notes=("from the start of the POST to finished_at of the job",),
        ),
    ]


def drain(subject: Subject, jobs: int, connections: int) -> Sample:
    """Post `jobs` as fast as they are accepted; the rate is that of finished jobs by the database's clock."""
    before, cpu_s = int(value(subject.database_url, _DONE)), cpu_of(subject)
    post(subject, jobs, connections)
    wait_until(
        lambda: value(subject.database_url, _DONE) >= before + jobs,
        f"the end of {jobs} jobs of {subject.name}",
        PATIENCE_S,
    )
    sample = Sample(
        jobs / float(value(subject.database_url, _WINDOW_S, jobs)), cpu_ms=(cpu_of(subject) - cpu_s) / jobs * 1000
    )
    settle(subject)
    return sample


def post(subject: Subject, jobs: int, connections: int) -> None:
    """`jobs` accepted jobs."""
    request, first = generate_request(subject.key), subject.posted + 1
    run_load(Load(subject.port, request, 202, connections, requests=jobs, first=first))
    subject.posted += jobs


def settle(subject: Subject) -> None:
    """Let what is left to do be done before somebody else is measured."""
    if subject.queue == OUR_QUEUE:
        await_outbox(subject.database_url)


def one_by_one(subject: Subject, jobs: int) -> Sample:
    """Each job is posted when the one before is finished. Both clocks are this machine's."""
    clock, latencies = SystemClock(), list[float]()
    connection = http.client.HTTPConnection("127.0.0.1", subject.port, timeout=30)
    began = time.monotonic()
    with psycopg.connect(subject.database_url, autocommit=True) as database:
        for _ in range(jobs):
            subject.posted += 1
            started = clock.now()
            connection.request("POST", "/api/v1/generate", generate_body(subject.posted), _headers(subject.key))
            answer = connection.getresponse()
            document = json.loads(answer.read())
            if answer.status != 202:
                raise RuntimeError(f"{subject.name} answered {answer.status}: {document}")
            finished = _finished_at(database, document["job_id"])
            latencies.append((finished - started).total_seconds() * 1000)
    connection.close()
    ordered = sorted(latencies)
    return Sample(jobs / (time.monotonic() - began), percentile(ordered, 0.5), percentile(ordered, 0.99))


def cpu_of(subject: Subject) -> float:
    return sum(process.cpu_s() for process in (subject.api, *subject.workers))


def _headers(key: str) -> dict[str, str]:
    return {"X-API-Key": key, "Content-Type": "application/json", "Accept": "application/json"}


def _finished_at(database: psycopg.Connection, job_id: str) -> datetime:
    """When the job was done; looked for every few milliseconds."""
    deadline = time.monotonic() + JOB_S
    while time.monotonic() < deadline:
        row = database.execute("SELECT finished_at, status FROM jobs WHERE id = %s", (job_id,)).fetchone()
        if row is not None and row[0] is not None:
            if row[1] != "DONE":
                raise RuntimeError(f"job {job_id} ended as {row[1]}")
            return row[0]
        threading.Event().wait(POLL_S)
    raise TimeoutError(f"job {job_id} did not end within {JOB_S:.0f} s")


def _each(subjects: Mapping[str, Subject], work: Callable[[Subject], Sample]) -> dict[str, Callable[[], Sample]]:
    return {name: partial(work, subject) for name, subject in subjects.items()}


def films_needed(scale: Scale) -> int:
    """Identities that the rounds of a benchmark use up, the warm-up included."""
    return (scale.rounds + 1) * (scale.jobs + scale.timed_jobs) + 1000
