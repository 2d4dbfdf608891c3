"""kill -9 of the API in the middle of accepting: which stored jobs does no worker ever see?"""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.bench.contenders import OURS, contenders
from tests.bench.load import Load, Measured, run_load
from tests.bench.report import Tally
from tests.bench.scale import Scale
from tests.bench.seeding import store_films
from tests.bench.servers import PATIENCE_S, Ground, queue_of, rows, value
from tests.bench.subjects import Subject, generate_request, running
from tests.support.processes import wait_until

from moviemind.console import err

FILMS_PER_KILL = 8_000
LOAD_S = 60.0
COLUMNS = ("SUBJECT", "KILLS", "ANSWERED 202", "STORED", "NEVER WORKED ON", "OF THOSE ANSWERED 202")
_UNFINISHED = "SELECT count(*) FROM jobs WHERE finished_at IS NULL"


@dataclass(slots=True)
class _Losses:
    answered: int = 0
    stored: int = 0
    unseen: int = 0
    unseen_answered: int = 0


def measure(ground: Ground, scale: Scale) -> list[Tally]:
    with contenders(ground) as subjects:
        store_films(subjects[OURS].database_url, 1, scale.kills * FILMS_PER_KILL)
        table = [_tally(ground, scale, subject) for subject in subjects.values()]
    notes = (
        "stored without an answer: the caller saw a broken connection, and the row says PENDING",
        "never worked on: still unfinished when the API was back and the queue was empty and nothing moved any more",
    )
    return [Tally("kill -9 of the API while it accepts", COLUMNS, table, notes)]


def _tally(ground: Ground, scale: Scale, subject: Subject) -> tuple[str | int, ...]:
    losses = _Losses()
    with running(subject.api, *subject.workers):
        for number in range(scale.kills):
            _kill_once(ground, scale, subject, losses)
            err.print(
                f"  kill {number + 1}/{scale.kills}  {subject.name}: {losses.unseen} never worked on", markup=False
            )
    return (subject.name, scale.kills, losses.answered, losses.stored, losses.unseen, losses.unseen_answered)


def _kill_once(ground: Ground, scale: Scale, subject: Subject, losses: _Losses) -> None:
    before = _stored(subject)
    unfinished_before = _unfinished(subject)
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(_load, scale, subject)
        wait_until(lambda: _stored(subject) >= before + 10 * scale.connections, "some accepted jobs")
        subject.api.kill()
        measured = loading.result()
    subject.posted += measured.sent
    subject.api.start()
    _await_quiet(ground, subject, scale.quiet_s)
    answered = {str(json.loads(body)["job_id"]) for body in measured.bodies}
    unseen = _unfinished(subject) - unfinished_before
    losses.answered += len(answered)
    losses.stored += _stored(subject) - before
    losses.unseen += len(unseen)
    losses.unseen_answered += len(unseen & answered)


def _load(scale: Scale, subject: Subject) -> Measured:
    return run_load(
        Load(
            port=subject.port,
            request=generate_request(subject.key),
            expected=202,
            connections=scale.connections,
            seconds=LOAD_S,
            requests=FILMS_PER_KILL,
            first=subject.posted + 1,
            may_break=True,
            keep_bodies=True,
        )
    )


def _await_quiet(ground: Ground, subject: Subject, quiet_s: float) -> None:
    """Until all is finished, or until nothing has moved for a while and the queue is empty."""
    last, since = -1, time.monotonic()

    def quiet() -> bool:
        nonlocal last, since
        unfinished, queue = int(value(subject.database_url, _UNFINISHED)), queue_of(ground.rabbitmq.url, subject.queue)
        if unfinished != last or (queue is not None and queue.messages):
            last, since = unfinished, time.monotonic()
        return unfinished == 0 or time.monotonic() - since > quiet_s

    wait_until(quiet, f"the end of the work of {subject.name}", PATIENCE_S)


def _stored(subject: Subject) -> int:
    return int(value(subject.database_url, "SELECT count(*) FROM jobs"))


def _unfinished(subject: Subject) -> set[str]:
    found = rows(subject.database_url, "SELECT id FROM jobs WHERE finished_at IS NULL")
    return {str(job_id) for (job_id,) in found}
