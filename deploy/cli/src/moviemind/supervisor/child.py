"""One supervised process: how it is started, known again, and stopped."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from moviemind.errors import CliError
from moviemind.paths import unwritable
from moviemind.state import ChildState
from moviemind.supervisor.logs import diagnosis, open_log

_LAUNCH = Path(__file__).with_name("launch.py")


@dataclass(frozen=True, slots=True)
class RunAs:
    """An unprivileged user for a program that refuses to run as root. `search`: it may pass through directories closed
    to it.
    """

    uid: int
    gid: int
    search: bool


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """Everything needed to start one process, and to start it again.

    `ready` returns None when the process answers, else what is missing, in a few words; it must not raise and not wait
    longer than a second. `before_start` runs before every start.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    log: Path
    ready: Callable[[], Awaitable[str | None]]
    address: str = ""
    port: int | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    run_as: RunAs | None = None
    before_start: Callable[[], None] | None = None
    ready_within_s: float = 60.0
    cwd: Path = field(default_factory=Path.cwd)


def launched(argv: tuple[str, ...], stop_signal: signal.Signals, run_as: RunAs | None) -> tuple[str, ...]:
    """The command line that becomes `argv` as another user and tied to this process's life."""
    user = () if run_as is None else ("--uid", str(run_as.uid), "--gid", str(run_as.gid))
    search = ("--search",) if run_as is not None and run_as.search else ()
    tie = ("--death-signal", str(int(stop_signal)), "--parent", str(os.getpid()))
    return (sys.executable, "-I", "-S", str(_LAUNCH), *user, *search, *tie, "--", *argv)


class Child:
    """A running process of the system, in a session of its own: a Ctrl-C in the terminal reaches the supervisor only."""

    def __init__(self, spec: ChildSpec, process: asyncio.subprocess.Process, create_time: float) -> None:
        self.spec = spec
        self._process = process
        self._create_time = create_time

    @classmethod
    async def start(cls, spec: ChildSpec) -> "Child":
        """Raises `CliError` when the log cannot be written or the program cannot be run."""
        try:
            if spec.before_start is not None:
                await _to_its_end(spec.before_start)
            with open_log(spec.log) as log:
                process = await asyncio.create_subprocess_exec(
                    *launched(spec.argv, spec.stop_signal, spec.run_as),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=dict(spec.env),
                    cwd=spec.cwd,
                    start_new_session=True,
                )
        except OSError as error:
            raise unwritable(Path(error.filename or spec.log), error) from error
        return cls(spec, process, _create_time(process.pid))

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self._process.returncode

    async def wait(self) -> int:
        return await self._process.wait()

    async def stop(self, grace_s: float) -> bool:
        """Ask the process to end, and kill its session after `grace_s`. True when it ended by itself."""
        if self._process.returncode is None:
            self._process.send_signal(self.spec.stop_signal)
        try:
            async with asyncio.timeout(grace_s):
                await self._process.wait()
        except TimeoutError:
            kill_session(self.pid)
            await self._process.wait()
            return False
        return True

    def state(self) -> ChildState:
        return ChildState(
            name=self.spec.name,
            pid=self.pid,
            create_time=self._create_time,
            argv=self.spec.argv,
            stop_signal=int(self.spec.stop_signal),
            port=self.spec.port,
            log=str(self.spec.log),
        )


def kill_session(leader: int) -> None:
    """End every process of the session that the child `leader` started."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return


def _create_time(pid: int) -> float:
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return 0.0  # died at once; the watch reports it


async def _to_its_end(work: Callable[[], None]) -> None:
    """Run `work` in a thread; a cancellation is delivered when it is finished, so that nothing writes to files that are given up."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait((running,))
        raise


def explain_exit(child: Child) -> CliError:
    """Why a process that should run ended, from its exit status and the end of its log."""
    code = child.returncode
    how = f"was ended by {signal.Signals(-code).name}" if code is not None and code < 0 else f"ended with code {code}"
    reason, hint = diagnosis(child.spec.log)
    return CliError(f"{child.spec.name} {how}: {reason}", f"{hint} The whole log: {child.spec.log}".strip())
