"""One run: load, the steps of the plan, healing, draining, and the verdict."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import asyncpg
import httpx
from aio_pika.exceptions import AMQPError
from tests.faults.chaos import aftermath, witness
from tests.faults.chaos.arena import Arena
from tests.faults.chaos.load import Load
from tests.faults.chaos.plan import Step
from tests.faults.chaos.verdict import Evidence, Verdict, judge
from tests.support.invariants import violations

from shared.entities import EntityKind

BACKLOG = 300
"""Jobs that may wait before clients hold back: an outage must not become an overload."""
LOOK_EVERY_S = 1.0
STALLED_S = 60.0
"""Longer than the sweep takes to send a lost message again."""
QUIET_LOOKS = 2
"""A message that a consumer holds is in no queue: only silence that lasts is the end."""
DATABASE_AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
_COUNTS = """
SELECT count(*) AS jobs, count(*) FILTER (WHERE status IN ('PENDING', 'PROCESSING', 'RETRYING')) AS active,
       (SELECT count(*) FROM outbox) AS outbox
FROM jobs WHERE accepted_seq > $1
"""
_STORED = "SELECT kind, slug FROM entities WHERE default_text_id IS NOT NULL ORDER BY updated_at DESC LIMIT 40"
_STUCK = """
SELECT id::text, kind, status, attempt, lease_until - now() AS lease, next_attempt_at - now() AS next, deadline_at - now() AS deadline
FROM jobs WHERE status IN ('PENDING', 'PROCESSING', 'RETRYING') ORDER BY accepted_seq LIMIT 10
"""
_OLDEST = (
    "SELECT type, target_queue, attempts, now() - available_at AS overdue FROM outbox ORDER BY available_at LIMIT 3"
)


@dataclass(slots=True)
class Progress:
    """Where the run is."""

    action: str = "starting"
    posted: int = 0
    acknowledged: int = 0
    jobs: int = 0
    active: int = 0
    outbox: int = 0
    started: float = field(default_factory=time.monotonic)

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self.started

    def __str__(self) -> str:
        minutes, seconds = divmod(int(self.elapsed_s), 60)
        return (
            f"{minutes:02}:{seconds:02}  {self.posted} posted, {self.acknowledged} acknowledged, "
            f"{self.jobs - self.active} of {self.jobs} jobs done  {self.action}"
        )


class Run:
    """`look` is called with the progress about once a second, `say` with what is worth a line of its own."""

    def __init__(
        self,
        arena: Arena,
        load: Load,
        look: Callable[[Progress], None],
        say: Callable[[str], None],
        backlog: int = BACKLOG,
    ) -> None:
        self.done: list[Step] = []
        self.progress = Progress()
        self.evidence: Evidence | None = None
        self._arena = arena
        self._fleet = arena.fleet
        self._load = load
        self._look = look
        self._say = say
        self._backlog = backlog
        self._since = self._newest_job()
        self._received: list[dict[str, Any]] = []
        self._received_until = max((call["sequence"] for call in self._fleet.calls("openai")), default=0)
        self._findings: list[str] = []
        self._next_look = 0.0
        self._pause = threading.Event()

    def __call__(self, steps: Sequence[Step], duration_s: float) -> Verdict:
        """Do the steps that fit into `duration_s` under load, heal, drain, and judge. Ctrl-C ends the first part early."""
        self._arena.while_waiting = self._look_around
        self._load.start()
        try:
            for step in steps:
                if self.progress.elapsed_s >= duration_s:
                    break
                self._do(step)
                self.done.append(step)
            self._at("no more steps")
            self._hold(duration_s - self.progress.elapsed_s)
        except TimeoutError as error:
            self._give_up(str(error))
        except KeyboardInterrupt:
            self._say("stopped early; healing and judging what there is")
        finally:
            self._load.stop()
        return self._judged()

    def _do(self, step: Step) -> None:
        self._at(str(step))
        self._script_providers(step)
        for group in step.groups:
            assert step.termination is not None
            self._arena.take_away(group, step.termination)
            self._hold(step.away_s)
            self._arena.bring_back(group)
        self._hold(step.calm_s)

    def _script_providers(self, step: Step) -> None:
        self._fleet.heal()
        for fault in step.faults:
            self._fleet.fault(provider=fault.provider, title="*", fault=fault.fault, times=fault.times)
        # the first rule that matches wins: the slow answers come after the bad ones
        self._fleet.fault(provider="openai", title="*", fault="none", delay_s=step.delay_s)

    def _judged(self) -> Verdict:
        for line in self._arena.ended:
            self._say(line)
        self._at("healing")
        try:
            self._arena.heal()
        except TimeoutError as error:
            self._give_up(str(error))
        self._drain()
        self._at("repeating requests")
        repetitions = aftermath.repeat(self._fleet, self._load.ledger)
        self._drain()
        self._at("judging")
        self._collect_calls()
        heard = asyncio.run(witness.what_was_heard(self._fleet.broker_url))
        incomplete = aftermath.incomplete_failures(self._fleet, self._since)
        ledger = self._load.ledger
        self.evidence = Evidence(self._fleet, self._since, ledger, repetitions, heard, self._received, incomplete)
        verdict = judge(self.evidence)
        urls = self._fleet.database_url, self._fleet.broker_url, self._fleet.redis_url
        broken = asyncio.run(violations(urls[0], broker_url=urls[1], redis_url=urls[2], drained=True))
        verdict.cached_bodies, untrue = aftermath.untrue_bodies(self._fleet, self._since)
        verdict.findings += [*self._findings, *self._arena.unclean, *(f"invariant {one}" for one in broken), *untrue]
        return verdict

    def _hold(self, seconds: float) -> None:
        """Let `seconds` pass, while everything that should run is kept running."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._arena.attend()
            self._look_around()
            self._pause.wait(min(left, 0.2))

    def _look_around(self) -> None:
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + LOOK_EVERY_S
        progress, ledger = self.progress, self._load.ledger
        progress.posted, progress.acknowledged = len(ledger.posts), ledger.acknowledged
        if "postgres" not in self._arena.away:
            with contextlib.suppress(*DATABASE_AWAY):
                self._count()
        self._load.paused = progress.active > self._backlog
        self._collect_calls()
        self._look(progress)

    def _count(self) -> None:
        counts = self._fleet.rows(_COUNTS, self._since)[0]
        self.progress.jobs, self.progress.active = counts["jobs"], counts["active"]
        self.progress.outbox = counts["outbox"]
        self._load.stored = [(EntityKind(row["kind"]), row["slug"]) for row in self._fleet.rows(_STORED)]

    def _collect_calls(self) -> None:
        """Little by little, because the sandbox forgets old calls."""
        parameters = {"provider": "openai", "after": self._received_until}
        answer = httpx.get(f"{self._fleet.sandbox.url}/_sandbox/ledger", params=parameters, timeout=30)
        calls = cast("list[dict[str, Any]]", answer.raise_for_status().json()["calls"])
        self._received += calls
        self._received_until = max((call["sequence"] for call in calls), default=self._received_until)

    def _drain(self) -> None:
        """Wait until nothing is left to do; when nothing moves for `STALLED_S`, say what there is to see and go on."""
        self._at("draining")
        left, moved, empty = (-1, -1, -1), time.monotonic(), 0
        while empty < QUIET_LOOKS:
            before, self._next_look = left, 0.0
            self._hold(0.3)
            messages = asyncio.run(witness.waiting_messages(self._fleet.broker_url))
            left = (self.progress.active, self.progress.outbox, messages)
            empty = 0 if any(left) else empty + 1
            moved = moved if left == before else time.monotonic()
            if any(left) and time.monotonic() - moved > STALLED_S:
                jobs, rows, messages = left
                self._give_up(f"nothing moves: {jobs} jobs, {rows} outbox rows, {messages} messages are left")
                return

    def _give_up(self, finding: str) -> None:
        """Keep `finding`, and say all that helps to understand it."""
        self._findings.append(f"stalled: {finding}")
        lines = [f"STALLED: {finding}"]
        try:
            lines += [f"queue {line}" for line in asyncio.run(witness.queue_depths(self._fleet.broker_url))]
        except (AMQPError, OSError, TimeoutError) as error:
            lines.append(f"broker: {error!r}")
        try:
            lines += [f"job {row}" for row in self._fleet.rows(_STUCK)]
            lines += [f"outbox {row}" for row in self._fleet.rows(_OLDEST)]
        except DATABASE_AWAY as error:
            lines.append(f"database: {error!r}")
        for service in self._fleet.services.values():
            lines += [f"--- {service.name}, alive: {service.alive}", service.tail(8)]
        self._say("\n".join(lines))

    def _at(self, action: str) -> None:
        self.progress.action = action
        self._say(f"{self.progress}")

    def _newest_job(self) -> int:
        return int(self._fleet.rows("SELECT coalesce(max(accepted_seq), 0) AS newest FROM jobs")[0]["newest"])
