"""The logs of the children: one bounded file each, with the previous part beside it."""

import os
from pathlib import Path
from typing import BinaryIO

MAX_LOG_BYTES = 5 * 1024 * 1024
_TAIL_BYTES = 16 * 1024

# what a process writes when the machine is the problem, and what helps
_KNOWN = (
    ("No space left on device", "the disk is full", "Free some space, or choose another place with --data-dir."),
    ("Disk quota exceeded", "the disk quota is used up", "Free some space, or choose another place with --data-dir."),
    (
        "Permission denied",
        "a file or directory is not accessible",
        "Check who owns the data directory, or choose another one with --data-dir.",
    ),
    ("Address already in use", "its port was taken by another program", "Start again: another port will be chosen."),
    (
        "could not map anonymous shared memory",
        "there is not enough shared memory",
        "Give the machine or container more memory.",
    ),
    ("out of memory", "there is not enough memory", "Close other programs, or give the machine more memory."),
    (
        "database files are incompatible with server",
        "the data belongs to another PostgreSQL version",
        "Use another --data-dir, or move the old data with pg_dump of that version.",
    ),
)


def open_log(path: Path) -> BinaryIO:
    """`path` opened for appending, so that a rotation under the writer's feet keeps its place. Raises OSError."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb")


def rotate(path: Path, max_bytes: int = MAX_LOG_BYTES) -> None:
    """Move what is in a log over `max_bytes` to `<name>.1` and empty it.

    The writer keeps its open file, which is why the content is moved and not the name. Lines written in between are
    lost.
    """
    try:
        if path.stat().st_size <= max_bytes:
            return
        with path.open("rb") as source, path.with_name(path.name + ".1").open("wb") as target:
            source.seek(-max_bytes, os.SEEK_END)
            target.write(source.read(max_bytes))
        os.truncate(path, 0)
    except OSError:
        return  # a full disk must not end the supervisor; the next turn tries again


def tail(path: Path, lines: int) -> list[str]:
    """The last non-empty lines of a log, at most `lines`; empty when there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            text = file.read(_TAIL_BYTES).decode("utf-8", "replace")
    except OSError:
        return []
    return [line.rstrip() for line in text.splitlines() if line.strip()][-lines:]


def diagnosis(path: Path) -> tuple[str, str]:
    """(what happened, what helps) from the end of a log: a known cause in words, else the last line as it is."""
    last = tail(path, 20)
    for line in reversed(last):
        for phrase, reason, hint in _KNOWN:
            if phrase.lower() in line.lower():
                return reason, hint
    return (last[-1][:300] if last else "it wrote nothing"), ""
