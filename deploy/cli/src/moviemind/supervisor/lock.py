"""One supervisor per data directory."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager

from moviemind.errors import CliError
from moviemind.paths import DataDir, unwritable


@contextmanager
def exclusive(data: DataDir) -> Generator[None]:
    """Hold the data directory, or raise `CliError` naming the process that does.

    The kernel gives the lock back when its holder dies, however it dies, so there is no stale lock to recover.
    """
    try:
        descriptor = os.open(data.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise unwritable(data.lock, error) from error
    with os.fdopen(descriptor, "r+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = file.read().strip() or "unknown"
            raise CliError(
                f"MovieMind already runs on {data.root} (pid {holder})",
                "Use the running one, stop it with Ctrl-C, or start a second one with another --data-dir.",
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
