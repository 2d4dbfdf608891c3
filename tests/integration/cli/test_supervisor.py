"""The supervisor with tiny processes: order, restarts, and leaving nothing behind."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from tiny_system import BROKEN, SILENT, STUBBORN, plan_of, tiny

from moviemind.errors import CliError
from moviemind.paths import DataDir
from moviemind.state import ChildState, SystemState, read_state
from moviemind.supervisor import system as system_module
from moviemind.supervisor.child import ChildSpec
from moviemind.supervisor.orphans import is_ours, stop_orphans
from moviemind.supervisor.plan import Options
from moviemind.supervisor.progress import Phase
from moviemind.supervisor.system import System, running
from shared.clock import SystemClock

SCRIPT = Path(__file__).with_name("tiny_system.py")
CLOCK = SystemClock()


class Seen:
    """Remembers what was reported."""

    def __init__(self) -> None:
        self.changes: list[tuple[str, Phase, str]] = []

    def changed(self, part: str, phase: Phase, detail: str = "") -> None:
        self.changes.append((part, phase, detail))

    def parts(self, phase: Phase) -> list[str]:
        return [part for part, seen, _ in self.changes if seen is phase]


async def until(condition: Callable[[], bool], within_s: float = 20.0) -> None:
    deadline = CLOCK.monotonic() + within_s
    while not condition():
        assert CLOCK.monotonic() < deadline, "did not happen in time"
        await CLOCK.sleep(0.02)


@asynccontextmanager
async def tiny_system(
    data: DataDir, *stages: tuple[ChildSpec, ...], seen: Seen | None = None, migration: ChildSpec | None = None
) -> AsyncGenerator[System]:
    async with running(Options(data=data, environ={}), seen or Seen(), plan_of(*stages, migration=migration)) as system:
        yield system


def stored(data: DataDir) -> SystemState:
    state = read_state(data.state)
    assert state is not None
    return state


def child(data: DataDir, name: str) -> ChildState:
    return next(child for child in stored(data).children if child.name == name)


async def test_stages_start_in_order_and_stop_in_reverse(data: DataDir) -> None:
    seen = Seen()

    async with tiny_system(data, (tiny(data, "database"),), (tiny(data, "service"),), seen=seen):
        running_now = [psutil.Process(each.pid) for each in stored(data).children]
        assert stored(data).ready

    assert seen.parts(Phase.READY) == ["database", "service"]
    assert seen.parts(Phase.STOPPED) == ["service", "database"]
    assert not any(process.is_running() for process in running_now)
    assert stored(data).children == ()
    assert not stored(data).ready


async def test_the_migration_runs_to_its_end_before_the_services(data: DataDir) -> None:
    seen = Seen()
    migration = tiny(data, "migration", "import sys; sys.exit(0)")

    async with tiny_system(data, (tiny(data, "database"),), (tiny(data, "service"),), seen=seen, migration=migration):
        assert seen.parts(Phase.READY) == ["database", "migration", "service"]


async def test_a_failed_migration_stops_everything_and_says_why(data: DataDir) -> None:
    seen = Seen()
    migration = tiny(data, "migration", "import sys; sys.exit('relation does not exist')")

    with pytest.raises(CliError, match="migration ended with code 1: relation does not exist"):
        async with tiny_system(
            data, (tiny(data, "database"),), (tiny(data, "service"),), seen=seen, migration=migration
        ):
            pytest.fail("started")

    assert seen.parts(Phase.STOPPED) == ["database"]


async def test_a_process_that_dies_is_started_again_after_a_delay(data: DataDir) -> None:
    seen = Seen()
    async with tiny_system(data, (tiny(data, "service"),), seen=seen):
        before = child(data, "service").pid

        os.kill(before, signal.SIGKILL)
        await until(lambda: seen.parts(Phase.READY) == ["service", "service"])

        assert child(data, "service").pid != before
        (reported,) = [detail for _, phase, detail in seen.changes if phase is Phase.RESTARTING]
        assert reported.startswith("in 0.5 s: service was ended by SIGKILL")


async def test_the_delay_doubles_and_the_supervisor_gives_up_at_last(
    data: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = Seen()
    monkeypatch.setattr(system_module, "MAX_RESTARTS", 3)
    monkeypatch.setattr(system_module, "_FIRST_DELAY_S", 0.01)
    once = "import pathlib, sys; p = pathlib.Path(sys.argv[1]); p.touch(); sys.exit('out of luck')"
    async with tiny_system(data, (tiny(data, "service", once),), seen=seen) as system:
        with pytest.raises(CliError, match=r"out of luck \(after 3 restarts\)"):
            await asyncio.wait_for(system.failure, 30)

    delays = [
        detail.split(":")[0]
        for _, phase, detail in seen.changes
        if phase is Phase.RESTARTING and detail.startswith("in ")
    ]
    assert delays == ["in 0.01 s", "in 0.02 s", "in 0.04 s"]


async def test_a_process_that_cannot_start_is_reported_with_its_last_words(data: DataDir) -> None:
    with pytest.raises(
        CliError, match="service ended with code 1: moviemind: RABBITMQ_URL: must start with amqp://"
    ) as raised:
        async with tiny_system(data, (tiny(data, "service", BROKEN),)):
            pytest.fail("started")

    assert str(data.logs / "service.log") in raised.value.hint


async def test_a_process_that_is_never_ready_is_reported_and_stopped(data: DataDir) -> None:
    with pytest.raises(CliError, match="service was not ready within 0 s: no file yet"):
        async with tiny_system(data, (tiny(data, "service", SILENT, ready_within_s=0.3),)):
            pytest.fail("started")

    assert stored(data).children == ()


async def test_a_process_that_ignores_the_signal_is_killed_in_time(
    data: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = Seen()
    monkeypatch.setattr(system_module, "STOP_WITHIN_S", 1.0)
    async with tiny_system(data, (tiny(data, "stubborn", STUBBORN), tiny(data, "obedient")), seen=seen):
        pid = child(data, "stubborn").pid
        began = CLOCK.monotonic()

    assert CLOCK.monotonic() - began < 5
    assert not psutil.pid_exists(pid)
    assert [detail for part, phase, detail in seen.changes if part == "stubborn" and phase is Phase.STOPPED] == [
        "killed after 1 s"
    ]


async def test_an_error_inside_the_block_stops_everything_too(data: DataDir) -> None:
    pids: list[int] = []

    async def fail_inside() -> None:
        async with tiny_system(data, (tiny(data, "service"),)):
            pids.append(child(data, "service").pid)
            raise RuntimeError("inside")

    with pytest.raises(RuntimeError, match="inside"):
        await fail_inside()
    assert not psutil.pid_exists(pids[0])


@pytest.fixture
def supervisor(data: DataDir) -> Iterator[subprocess.Popen[str]]:
    """A supervisor in a process of its own, with two tiny children that are ready."""
    process = start_supervisor(data)
    yield process
    process.kill()
    process.communicate()


def start_supervisor(data: DataDir) -> subprocess.Popen[str]:
    command = (sys.executable, str(SCRIPT), str(data.root), "first", "second")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


async def test_the_children_die_with_a_killed_supervisor(data: DataDir, supervisor: subprocess.Popen[str]) -> None:
    pids = [each.pid for each in stored(data).children]

    supervisor.kill()
    supervisor.wait()

    await until(lambda: not any(psutil.pid_exists(pid) for pid in pids))
    assert len(pids) == 2


async def test_a_second_supervisor_is_refused_while_the_first_goes_on(
    data: DataDir, supervisor: subprocess.Popen[str]
) -> None:
    command = (sys.executable, str(SCRIPT), str(data.root), "first")
    second = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, errors = await second.communicate()

    assert second.returncode == 1
    assert f"(pid {supervisor.pid})".encode() in errors
    assert all(psutil.pid_exists(each.pid) for each in stored(data).children)


def test_a_killed_supervisor_can_be_started_again(data: DataDir, supervisor: subprocess.Popen[str]) -> None:
    supervisor.kill()
    supervisor.wait()

    again = start_supervisor(data)
    again.terminate()

    assert again.wait(timeout=20) == 0
    again.communicate()


async def test_sigterm_leaves_no_process_behind(data: DataDir, supervisor: subprocess.Popen[str]) -> None:
    pids = [each.pid for each in stored(data).children]

    supervisor.terminate()

    assert supervisor.wait(timeout=20) == 0
    assert not any(psutil.pid_exists(pid) for pid in pids)


async def test_two_systems_run_side_by_side(data: DataDir, tmp_path: Path, supervisor: subprocess.Popen[str]) -> None:
    other = DataDir(tmp_path / "other")
    other.prepare()

    async with tiny_system(other, (tiny(other, "first"),)):
        assert child(other, "first").pid != child(data, "first").pid

    assert psutil.pid_exists(child(data, "first").pid)


@pytest.fixture
def orphan() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen((sys.executable, "-S", "-c", SILENT))
    yield process
    process.kill()
    process.wait()


async def test_an_orphan_is_stopped_and_a_stranger_with_its_number_is_not(orphan: subprocess.Popen[bytes]) -> None:
    argv = (sys.executable, "-S", "-c", SILENT)
    process = psutil.Process(orphan.pid)
    await until(lambda: process.cmdline() == list(argv))
    began = process.create_time()
    known = ChildState(name="x", pid=orphan.pid, create_time=began, argv=argv, stop_signal=signal.SIGTERM, log="x.log")
    older = known.model_copy(update={"create_time": began - 60})
    other = known.model_copy(update={"argv": ("/bin/other",)})

    assert stop_orphans([older, other]) == []
    assert orphan.poll() is None
    assert is_ours(known) is not None
    assert stop_orphans([known]) == ["x"]
    assert not psutil.pid_exists(orphan.pid)
