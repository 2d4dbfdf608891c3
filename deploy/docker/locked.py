# ruff: noqa: INP001 (a script of the image build, imported by nothing)
"""The part of requirements.lock that the given projects need, hashes included.

    python locked.py requirements.lock shared services/gateway > service.txt
    python locked.py requirements.lock =uv =uv-build > tools.txt

A project is a directory with a pyproject.toml; `=name` takes that one package without what it needs. The lock says after each pin which
packages ask for it ("# via"), so the closure is read from it and nothing is resolved again.
"""

import re
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^]]*\])?==", re.IGNORECASE)
_VIA = re.compile(r"^\s+#\s+(?:via\s+)?([a-z0-9][a-z0-9._-]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Pin:
    """One package of the lock: its lines as written, and the names of those that ask for it."""

    lines: tuple[str, ...]
    wanted_by: frozenset[str]


def read_lock(text: str) -> Mapping[str, Pin]:
    """The pins of a lock written by uv, in its order."""
    blocks: dict[str, list[str]] = {}
    block: list[str] = []
    for line in text.splitlines():
        start = _PIN.match(line)
        if start:
            block = blocks.setdefault(start.group(1).lower(), [])
        if start or line.startswith(" "):
            block.append(line)
    return {name: _pin(lines) for name, lines in blocks.items()}


def _pin(lines: Sequence[str]) -> Pin:
    notes = [line for line in lines if line.lstrip().startswith("#") and line.strip() != "# via"]
    wanted_by = frozenset(found.group(1).lower() for found in map(_VIA.match, notes) if found)
    return Pin(tuple(line for line in lines if not line.lstrip().startswith("#")), wanted_by)


def closure(pins: Mapping[str, Pin], roots: Iterable[str]) -> frozenset[str]:
    """Names of all pins that `roots` ask for, directly or through others."""
    needed = frozenset(roots)
    while True:
        grown = needed | {name for name, pin in pins.items() if pin.wanted_by & needed}
        if grown == needed:
            return needed & pins.keys()
        needed = grown


def main(arguments: Sequence[str]) -> int:
    """Writes the pins to stdout. Exit status 1 when a package is not locked, or when nothing was found at all."""
    lock, *wanted = arguments
    pins = read_lock(Path(lock).read_text(encoding="utf-8"))
    single = {name.removeprefix("=") for name in wanted if name.startswith("=")}
    projects = [Path(name, "pyproject.toml") for name in wanted if not name.startswith("=")]
    roots = [tomllib.loads(project.read_text(encoding="utf-8"))["project"]["name"] for project in projects]
    chosen = single | closure(pins, roots)
    if not chosen or not chosen <= pins.keys():
        sys.stderr.write(f"locked.py: not in the lock: {sorted(single - pins.keys()) or roots}\n")
        return 1
    sys.stdout.writelines(f"{line}\n" for name, pin in pins.items() if name in chosen for line in _ended(pin.lines))
    return 0


def _ended(lines: Sequence[str]) -> list[str]:
    """The lines with no continuation after the last hash."""
    return [*lines[:-1], lines[-1].removesuffix("\\").rstrip()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
