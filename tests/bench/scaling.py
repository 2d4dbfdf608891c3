"""(e) One, two and four generator processes on the same filled queue."""

import signal
from contextlib import ExitStack

from tests.bench.contenders import generator
from tests.bench.jobs import films_needed, post, settle
from tests.bench.rounds import Aim, Comparison, Sample, interleave
from tests.bench.scale import Scale
from tests.bench.seeding import make_key, store_films
from tests.bench.servers import PATIENCE_S, Ground, value
from tests.bench.subjects import OUR_QUEUE, Process, Subject, consuming, gateway, running
from tests.support.processes import wait_until

AIM = Aim(1.7)
_NOW = "SELECT clock_timestamp()"
_DONE_SINCE = "SELECT count(*) FROM jobs WHERE finished_at >= %s"
_SECONDS = "SELECT extract(epoch FROM max(finished_at) - %s) FROM jobs"


def measure(ground: Ground, scale: Scale) -> list[Comparison]:
    return [comparison for latency_s in scale.latencies_s for comparison in _with_latency(ground, scale, latency_s)]


def _with_latency(ground: Ground, scale: Scale, latency_s: float) -> list[Comparison]:
    label = f"e model of {latency_s * 1000:.0f} ms"
    with ground.migrated() as database_url:
        store_films(database_url, 1, films_needed(scale) * len(scale.processes))
        api, port = gateway(ground, database_url)
        subject = Subject("MovieMind", port, database_url, OUR_QUEUE, api, key=make_key(database_url))

        def drain_with(count: int) -> Sample:
            generators = [generator(ground, database_url, latency_s=latency_s) for _ in range(count)]
            return _drain(ground, subject, generators, scale)

        with running(api):
            subjects = {_name(count): lambda count=count: drain_with(count) for count in scale.processes}
            samples = interleave(label, scale.rounds, subjects, ground.checkpoint)
    notes = (f"{scale.jobs} jobs waiting in the queue, prefetch 32 per process, all on the same cores as the servers",)
    one, *more = (_name(count) for count in scale.processes)
    return [
        Comparison(
            f"{label}, {judged}",
            "jobs/s",
            judged,
            {judged: samples[judged], one: samples[one]},
            aims={one: AIM} if judged == _name(2) else {},
            notes=notes,
        )
        for judged in more
    ]


def _drain(ground: Ground, subject: Subject, generators: list[Process], scale: Scale) -> Sample:
    """The generators are ready but stopped while the queue fills, so that all of them begin at the same moment."""
    with ExitStack() as stack:
        stack.enter_context(running(*generators))
        wait_until(consuming(ground, OUR_QUEUE, len(generators)), "all consumers")
        for process in generators:
            process.signal(signal.SIGSTOP)
        post(subject, scale.jobs, scale.connections)
        settle(subject)
        began = value(subject.database_url, _NOW)
        cpu_s = sum(process.cpu_s() for process in generators)
        for process in generators:
            process.signal(signal.SIGCONT)
        wait_until(
            lambda: value(subject.database_url, _DONE_SINCE, began) >= scale.jobs, "the end of all jobs", PATIENCE_S
        )
        cpu_s = sum(process.cpu_s() for process in generators) - cpu_s
        seconds = float(value(subject.database_url, _SECONDS, began))
        settle(subject)
    return Sample(scale.jobs / seconds, cpu_ms=cpu_s / scale.jobs * 1000)


def _name(count: int) -> str:
    return f"{count} process{'es' if count > 1 else ''}"
