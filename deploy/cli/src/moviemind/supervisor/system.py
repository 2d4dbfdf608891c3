"""A running system: started in stages, watched, stopped in reverse."""

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any

import psutil

from moviemind.errors import CliError
from moviemind.paths import DataDir
from moviemind.state import Endpoints, SystemState, read_state, write_state
from moviemind.supervisor import probes
from moviemind.supervisor.child import Child, ChildSpec, explain_exit, kill_session
from moviemind.supervisor.credentials import Credentials, load_or_create
from moviemind.supervisor.lock import exclusive
from moviemind.supervisor.logs import rotate
from moviemind.supervisor.orphans import stop_orphans
from moviemind.supervisor.plan import Options, Plan, make_plan
from moviemind.supervisor.progress import Phase, Progress
from shared.clock import Clock, SystemClock

STOP_WITHIN_S = 18.0  # for everything together; the promise is 20
MAX_RESTARTS = 8  # in a row; with the delays below about two minutes
_FIRST_DELAY_S, _MAX_DELAY_S = 0.5, 30.0
_HEALTHY_AFTER_S = 60.0
_POLL_S = 0.05
_ROTATE_EVERY_S = 5.0
_MIGRATE_WITHIN_S = 120.0
_KEEP_TRACE_FILES = 40


class System:
    """The processes of one plan.

    A process that ends is started again after a growing delay; after `MAX_RESTARTS` failures in a row `failure` holds
    the reason. `stop` is bounded and leaves no process behind.
    """

    def __init__(self, plan: Plan, data: DataDir, progress: Progress, clock: Clock | None = None) -> None:
        self.endpoints: Endpoints = plan.endpoints
        self.failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._plan = plan
        self._data = data
        self._progress = progress
        self._clock = clock or SystemClock()
        self._started_at = self._clock.now()
        self._children: dict[str, Child] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ready = False

    def report_to(self, progress: Progress) -> None:
        """Tell `progress` from now on."""
        self._progress = progress

    async def start(self) -> None:
        """Return when everything answers. Raises `CliError` about the first part that does not; the caller then calls
        `stop`.
        """
        for name, url in self._plan.given.items():
            shown = probes.without_password(url)
            if (missing := await probes.SERVERS[name](url)()) is not None:
                raise CliError(f"{name}: {shown}: {missing}", f"Start that server, or correct or unset {name}.")
            self._progress.changed(name, Phase.GIVEN, shown)
        *servers, services = self._plan.stages
        for stage in servers:
            await self._start_stage(stage)
        if self._plan.migration is not None:
            await self._run_to_end(self._plan.migration)
        await self._start_stage(services)
        self._ready = True
        self._record()
        self._spawn(self._rotate_logs())

    async def stop(self) -> None:
        """Stop all parts in reverse order within `STOP_WITHIN_S` seconds; what does not end by itself is killed."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        deadline = self._clock.monotonic() + STOP_WITHIN_S
        stages = [stage for stage in reversed(self._plan.stages) if any(spec.name in self._children for spec in stage)]
        for left, stage in zip(range(len(stages), 0, -1), stages, strict=True):
            grace_s = max(0.5, (deadline - self._clock.monotonic()) / left)
            running = [self._children[spec.name] for spec in stage if spec.name in self._children]
            await asyncio.gather(*(self._stop_child(child, grace_s) for child in running))
        self._children.clear()
        for reservation in self._plan.reservations.values():
            reservation.release()
        with contextlib.suppress(CliError):  # a full disk does not keep a system from stopping
            self._record()

    async def _start_stage(self, stage: Iterable[ChildSpec]) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for spec in stage:
                    group.create_task(self._start_one(spec))
        except BaseExceptionGroup as group:
            failed, rest = group.split(CliError)
            if failed is None or rest is not None:
                raise
            raise first_of(failed) from None

    async def _start_one(self, spec: ChildSpec) -> None:
        self._progress.changed(spec.name, Phase.STARTING)
        await self._launch(spec)
        await self._until_ready(self._children[spec.name])
        self._spawn(self._keep(spec))

    async def _launch(self, spec: ChildSpec) -> None:
        reservation = self._plan.reservations.get(spec.name)
        if reservation is not None:
            reservation.release()
        self._children[spec.name] = await Child.start(spec)
        self._record()

    async def _until_ready(self, child: Child) -> None:
        spec, deadline = child.spec, self._clock.monotonic() + child.spec.ready_within_s
        while (missing := await spec.ready()) is not None:
            if child.returncode is not None:
                raise explain_exit(child)
            if self._clock.monotonic() > deadline:
                raise CliError(
                    f"{spec.name} was not ready within {spec.ready_within_s:.0f} s: {missing}", f"Its log: {spec.log}"
                )
            self._progress.changed(spec.name, Phase.STARTING, missing)
            await self._clock.sleep(_POLL_S)
        self._progress.changed(spec.name, Phase.READY, spec.address)

    async def _run_to_end(self, spec: ChildSpec) -> None:
        self._progress.changed(spec.name, Phase.STARTING)
        await self._launch(spec)
        child = self._children.pop(spec.name)
        try:
            async with asyncio.timeout(_MIGRATE_WITHIN_S):
                code = await child.wait()
        except BaseException:
            await child.stop(grace_s=1.0)
            raise
        if code != 0:
            raise explain_exit(child)
        self._progress.changed(spec.name, Phase.READY)

    async def _keep(self, spec: ChildSpec) -> None:
        failures, not_started = 0, None
        while True:
            child = self._children[spec.name]
            began = self._clock.monotonic()
            await child.wait()
            kill_session(child.pid)
            failures = 0 if self._clock.monotonic() - began > _HEALTHY_AFTER_S else failures + 1
            error = not_started or explain_exit(child)
            if failures > MAX_RESTARTS:
                self._give_up(CliError(f"{error.message} (after {MAX_RESTARTS} restarts)", error.hint))
                return
            delay = min(_MAX_DELAY_S, _FIRST_DELAY_S * 2 ** max(0, failures - 1))
            self._progress.changed(spec.name, Phase.RESTARTING, f"in {delay:g} s: {error.message}")
            await self._clock.sleep(delay)
            not_started = None
            try:
                await self._launch(spec)
                await self._until_ready(self._children[spec.name])
            except CliError as again:
                not_started = again
                # alive but not ready within its time counts as dead
                await self._children[spec.name].stop(grace_s=5.0)

    def _give_up(self, error: CliError) -> None:
        if not self.failure.done():
            self.failure.set_exception(error)

    async def _stop_child(self, child: Child, grace_s: float) -> None:
        self._progress.changed(child.spec.name, Phase.STOPPING)
        by_itself = await child.stop(grace_s)
        self._progress.changed(child.spec.name, Phase.STOPPED, "" if by_itself else f"killed after {grace_s:.0f} s")

    async def _rotate_logs(self) -> None:
        while True:
            for stage in self._plan.stages:
                for spec in stage:
                    rotate(spec.log)
            await self._clock.sleep(_ROTATE_EVERY_S)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.add(asyncio.create_task(work))

    def _record(self) -> None:
        state = SystemState(
            pid=os.getpid(),
            create_time=psutil.Process().create_time(),
            started_at=self._started_at,
            ready=self._ready and bool(self._children),
            endpoints=self.endpoints,
            children=tuple(child.state() for child in self._children.values()),
        )
        write_state(self._data.state, state)


@asynccontextmanager
async def running(
    options: Options, progress: Progress, plan: Callable[[Options, Credentials], Plan] = make_plan
) -> AsyncGenerator[System]:
    """A started system, stopped at the end of the block, whatever ends it.

    Raises `CliError` when the data directory is in use or unusable, or a part does not start.
    """
    data = options.data
    data.prepare()
    with exclusive(data):
        data.require_space()
        previous = read_state(data.state)
        if previous is not None:
            for name in await asyncio.to_thread(stop_orphans, previous.children):
                progress.changed(name, Phase.STOPPED, "left over from a supervisor that was killed")
        prune_traces(data)
        system = System(plan(options, load_or_create(data)), data, progress)
        try:
            await system.start()
            yield system
        finally:
            await system.stop()


def prune_traces(data: DataDir) -> None:
    """Keep the newest files of finished processes; each start adds one per service."""
    files = sorted(data.traces.glob("*.jsonl*"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in files[_KEEP_TRACE_FILES:]:
        file.unlink(missing_ok=True)


def first_of(group: BaseExceptionGroup[CliError]) -> CliError:
    """The first failure; what else failed at the same time is in the logs."""
    first = group.exceptions[0]
    return first_of(first) if isinstance(first, BaseExceptionGroup) else first
