"""Processes left over by a supervisor that was killed."""

import contextlib
import signal
from collections.abc import Iterable
from pathlib import Path

import psutil

from moviemind.state import ChildState, process_of

_STOP_S = 10.0


def is_ours(child: ChildState) -> psutil.Process | None:
    """The process that `child` describes, if it still runs: same number, same start, same command line."""
    process = process_of(child.pid, child.create_time)
    with contextlib.suppress(psutil.Error):
        if process is not None and tuple(process.cmdline()[-len(child.argv) :]) == child.argv:
            return process
    return None


def stop_orphans(children: Iterable[ChildState]) -> list[str]:
    """Stop what still runs of a previous start, in reverse order, and return the names. Bounded: each is killed after
    10 s.
    """
    stopped: list[str] = []
    for child in reversed(list(children)):
        process = is_ours(child)
        if process is not None:
            _stop(process, signal.Signals(child.stop_signal))
            stopped.append(child.name)
    return stopped


def stop_processes_in(folder: Path) -> int:
    """Stop the PostgreSQL processes that work in `folder` (each makes it its working directory); returns how many there
    were.
    """
    found = [process for process in psutil.process_iter(["name"]) if _works_in(process, folder)]
    for process in found:
        _stop(process, signal.SIGINT)
    return len(found)


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return process.name().startswith("postgres") and Path(process.cwd()) == folder
    except (psutil.Error, OSError):
        return False


def _stop(process: psutil.Process, stop_signal: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        family = [process, *process.children(recursive=True)]
        process.send_signal(stop_signal)
        _, alive = psutil.wait_procs(family, timeout=_STOP_S)
        for survivor in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                survivor.kill()
        psutil.wait_procs(alive, timeout=_STOP_S)
