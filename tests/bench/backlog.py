"""(f) Accepting while many due rows wait in the outbox: because the relay is busy with them, or because the broker is away."""

import time

from tests.bench.load import Load, run_load
from tests.bench.outbox_rows import add_due_rows
from tests.bench.rounds import Aim, Comparison, Sample, interleave
from tests.bench.scale import Scale
from tests.bench.seeding import make_key
from tests.bench.servers import Ground, await_outbox, execute, purge
from tests.bench.subjects import OUR_QUEUE, Process, Subject, gateway, generate_request, running, serves, service
from tests.support.processes import free_port

EMPTY, BUSY, AWAY = "outbox empty", "outbox full, relay busy", "outbox full, broker away"
AIM = Aim(1.5, at_most=True)
LOAD_SHARE = 0.3
"""Of what the gateway accepts at most, so that the latencies are those of a server that is not saturated."""


class _Backlog:
    def __init__(self, ground: Ground, scale: Scale, subject: Subject, away: Process) -> None:
        self._ground = ground
        self._scale = scale
        self._subject = subject
        self._away = away
        self.rate = 0.0
        self.drained: list[float] = []

    def calibrate(self) -> None:
        """Find the rate that all rounds use."""
        with running(self._subject.api):
            self.rate = max(20.0, round(self._accept(rate=0.0).rate * LOAD_SHARE))
            self._clean()

    def empty(self) -> Sample:
        with running(self._subject.api):
            sample = self._accept(rate=self.rate)
            self._clean()
        return sample

    def busy(self) -> Sample:
        with running(self._subject.api):
            began = time.monotonic()
            add_due_rows(self._subject.database_url, self._scale.backlog_rows)
            sample = self._accept(rate=self.rate)
            self._clean()
            self.drained.append(self._scale.backlog_rows / (time.monotonic() - began))
        return sample

    def away(self) -> Sample:
        with running(self._away):
            add_due_rows(self._subject.database_url, self._scale.backlog_rows)
            sample = self._accept(rate=self.rate)
            execute(self._subject.database_url, "TRUNCATE outbox")
        return sample

    def _accept(self, rate: float) -> Sample:
        subject = self._subject
        measured = run_load(
            Load(
                port=subject.port,
                request=generate_request(subject.key),
                expected=202,
                connections=self._scale.connections,
                seconds=self._scale.seconds,
                warm_up_s=self._scale.warm_up_s,
                rate=rate,
                first=subject.posted + 1,
            )
        )
        subject.posted += measured.sent
        return Sample(measured.rate, measured.p50_ms, measured.p99_ms)

    def _clean(self) -> None:
        await_outbox(self._subject.database_url)
        purge(self._ground.rabbitmq.url, OUR_QUEUE)


def measure(ground: Ground, scale: Scale) -> list[Comparison]:
    with ground.migrated() as database_url:
        api, port = gateway(ground, database_url)
        nowhere = {"RABBITMQ_URL": f"amqp://guest:guest@127.0.0.1:{free_port()}/"}
        away, _ = service(
            ground,
            "gateway",
            database_url,
            ready=lambda port: serves(port, "/health/ready"),
            port=port,
            settings=nowhere.items(),
        )
        backlog = _Backlog(
            ground, scale, Subject("MovieMind", port, database_url, OUR_QUEUE, api, key=make_key(database_url)), away
        )
        backlog.calibrate()
        subjects = {EMPTY: backlog.empty, BUSY: backlog.busy, AWAY: backlog.away}
        samples = interleave("f ", scale.rounds, subjects, ground.checkpoint)
    drained = f"{min(backlog.drained):,.0f} to {max(backlog.drained):,.0f}"
    notes = (
        f"{scale.backlog_rows:,} due rows; requests at a fixed rate, {LOAD_SHARE:.0%} of what was accepted at most",
        f"rows drained per second while accepting: {drained}",
    )
    return [
        Comparison(
            f"f accept, {judged}",
            "req/s",
            judged,
            {judged: samples[judged], EMPTY: samples[EMPTY]},
            metric="p99_ms",
            aims={EMPTY: AIM},
            notes=notes,
        )
        for judged in (BUSY, AWAY)
    ]
