"""`state.json`: what other commands need to know about a running system, and the next start about a killed one."""

from datetime import datetime
from pathlib import Path

import psutil
from pydantic import BaseModel, ConfigDict, ValidationError

from moviemind.paths import write_private

# the kernel counts from the boot, whose time follows corrections of the clock
_SAME_START_S = 2.0


class ChildState(BaseModel):
    """One process. `pid`, `create_time` (seconds since the epoch) and `argv` together name it even after its number was
    given away.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    pid: int
    create_time: float
    argv: tuple[str, ...]
    stop_signal: int
    port: int | None = None
    log: str


class Endpoints(BaseModel):
    """The addresses of one system. The first three carry passwords, which is why the file is private."""

    model_config = ConfigDict(frozen=True)

    database_url: str
    rabbitmq_url: str
    redis_url: str
    gateway_url: str
    sandbox_url: str
    health_urls: dict[str, str]


class SystemState(BaseModel):
    """The system that was last started in a data directory."""

    model_config = ConfigDict(frozen=True)

    pid: int
    create_time: float
    started_at: datetime
    ready: bool
    endpoints: Endpoints
    children: tuple[ChildState, ...]


def process_of(pid: int, create_time: float) -> psutil.Process | None:
    """The process that had this number and began at this time, if it still runs."""
    try:
        process = psutil.Process(pid)
        return process if abs(process.create_time() - create_time) <= _SAME_START_S else None
    except psutil.Error:
        return None


def read_state(path: Path) -> SystemState | None:
    """The stored state, or None when there is none or an unreadable one (a start then begins afresh)."""
    try:
        return SystemState.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError):
        return None


def write_state(path: Path, state: SystemState) -> None:
    """Replace the file at once. Raises `CliError` when the place cannot be written."""
    write_private(path, state.model_dump_json(indent=2) + "\n")
