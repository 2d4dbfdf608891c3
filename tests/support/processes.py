"""Processes of the tests: started in groups of their own, killed, paused and started again in place."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

START_S = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def stop_tree(process: subprocess.Popen[bytes], number: signal.Signals = signal.SIGTERM) -> None:
    """Signal the process group, and kill what is left of it after ten seconds."""
    for wanted, grace_s in ((number, 10.0), (signal.SIGKILL, 5.0)):
        try:
            os.killpg(process.pid, wanted)
        except ProcessLookupError:
            return
        try:
            process.wait(grace_s)
        except subprocess.TimeoutExpired:
            continue


def signal_tree(pid: int, number: signal.Signals) -> None:
    """Send `number` to a process and all that it started."""
    try:
        parent = psutil.Process(pid)
        processes = [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def wait_until(ready: Callable[[], bool], what: str, timeout_s: float = START_S) -> None:
    """Poll `ready` with a deadline."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if ready():
            return
        time.sleep(0.1)  # noqa: TID251 (outside the event loop, with a deadline)
    raise TimeoutError(f"{what} did not start within {timeout_s:.0f} s")


@dataclass(slots=True)
class Server:
    """One running server. `origin` says where it came from; one with `spawn` is private: a test may kill it and start it again."""

    name: str
    url: str
    origin: str
    spawn: Callable[[], subprocess.Popen[bytes]] | None = field(default=None, repr=False)
    answers: Callable[[], bool] = field(default=lambda: True, repr=False)
    directory: Path | None = None
    close: Callable[[], object] | None = field(default=None, repr=False)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, on the data it left, and wait until it answers."""
        spawn = self.spawn
        assert spawn is not None, f"{self.name} is not ours to start"
        self.process = spawn()

        def ready() -> bool:
            assert self.process is not None
            if self.process.poll() is not None:  # PostgreSQL refuses while children of a killed server still end
                self.process = spawn()
            return self.answers()

        wait_until(ready, self.name)

    def signal(self, number: signal.Signals) -> None:
        """Send `number` to every process of the server; PostgreSQL's children leave their parent's group."""
        assert self.process is not None, f"{self.name} is not ours to signal"
        signal_tree(self.process.pid, number)

    def kill(self) -> None:
        """SIGKILL, and gone when this returns."""
        self.signal(signal.SIGKILL)
        assert self.process is not None
        self.process.wait(10)

    def terminate(self) -> None:
        """An orderly stop: SIGTERM, and SIGKILL for what is left after ten seconds."""
        if self.process is not None:
            stop_tree(self.process)

    def stop(self) -> None:
        """Stop for good and remove its data."""
        if self.close is not None:
            self.close()
        self.terminate()
        if self.directory is not None:
            shutil.rmtree(self.directory, ignore_errors=True)
