"""Which system the operator commands talk to."""

import os
from dataclasses import dataclass
from pathlib import Path

from moviemind.demo_key import stored_key
from moviemind.errors import CliError
from moviemind.paths import DataDir
from moviemind.state import SystemState, process_of, read_state
from moviemind.supervisor import credentials

NOT_RUNNING = "Start it with ./moviemind up, or name one"


@dataclass(frozen=True, slots=True)
class Target:
    """What the caller named; the rest is found in `data`."""

    data: DataDir
    url: str | None = None
    api_key: str | None = None

    def gateway(self) -> tuple[str, str | None]:
        """URL and API key. A key is only taken from the data directory for the system that runs there. Raises
        `CliError`.
        """
        if self.url:
            return self.url, self.api_key
        state = self.require_running(f"{NOT_RUNNING} with --url or MOVIEMIND_URL.")
        return state.endpoints.gateway_url, self.api_key or stored_key(self.data)

    def administration(self, token: str | None) -> tuple[str, str | None]:
        """URL and operator's token, found like those of `gateway`. Raises `CliError`."""
        url, _ = self.gateway()
        stored = None if token or self.url else credentials.read(self.data)
        return url, token or (stored.admin_api_token if stored else None)

    def database_url(self) -> str:
        """DATABASE_URL, or the database of the running system. Raises `CliError`."""
        given = os.environ.get("DATABASE_URL")
        return given or self.require_running(f"{NOT_RUNNING} with DATABASE_URL.").endpoints.database_url

    def traces(self) -> Path:
        """Where the services write their spans."""
        return Path(os.environ.get("TRACES_DIR") or self.data.traces)

    def require_running(self, hint: str) -> SystemState:
        state = running_state(self.data)
        if state is None:
            raise CliError(f"no MovieMind runs on {self.data.root}", hint)
        return state


def running_state(data: DataDir) -> SystemState | None:
    """The state of the system whose supervisor lives; None when none does."""
    state = read_state(data.state)
    if state is None or not state.children:
        return None
    return state if process_of(state.pid, state.create_time) else None
