"""The whole product as a user starts it: `./moviemind up`, with a client for what it serves."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
from tests.support.processes import free_port, signal_tree, stop_tree, wait_until

READY_S = 90.0
JOB_S = 60.0


@dataclass(slots=True)
class System:
    """One running system in `directory`. `servers` replaces embedded parts by URL."""

    directory: Path
    servers: Mapping[str, str] = field(default_factory=dict[str, str])
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    announced: dict[str, Any] = field(default_factory=dict[str, Any])

    def start(self) -> None:
        """Start and wait until it is ready. Raises AssertionError with what it printed when it ends instead."""
        environment = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
        environment |= {"ENVIRONMENT": "test", "LOG_FORMAT": "json", **self.servers, **self.settings}
        command = [
            sys.executable,
            "-m",
            "moviemind",
            "up",
            "--json",
            "--data-dir",
            str(self.directory),
            "--port",
            str(self.port),
        ]
        out, err = (
            self.directory.parent / f"{self.directory.name}.out",
            self.directory.parent / f"{self.directory.name}.err",
        )
        with out.open("wb") as stdout, err.open("wb") as stderr:
            self.process = subprocess.Popen(
                command, env=environment, stdout=stdout, stderr=stderr, start_new_session=True
            )
        process = self.process

        def announced() -> bool:
            assert process.poll() is None, f"up ended with {process.returncode}:\n{err.read_text()}"
            return bool(out.read_text().strip())

        wait_until(announced, "the system", READY_S)
        self.announced = cast("dict[str, Any]", json.loads(out.read_text()))

    @property
    def url(self) -> str:
        return str(self.announced["gateway_url"])

    @property
    def sandbox_url(self) -> str:
        return str(self.announced["sandbox_url"])

    @property
    def key(self) -> str:
        return str(self.announced["api_key"])

    @property
    def state(self) -> dict[str, Any]:
        return cast("dict[str, Any]", json.loads(Path(str(self.announced["state"])).read_text()))

    def child(self, name: str) -> int:
        """The pid of one process of the system."""
        return next(int(child["pid"]) for child in self.state["children"] if child["name"] == name)

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"X-API-Key": self.key}, timeout=60)

    def anonymous(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=60)

    def sandbox(self) -> httpx.Client:
        return httpx.Client(base_url=f"{self.sandbox_url}/_sandbox", timeout=30)

    def calls(self, provider: str, title: str | None = None) -> list[dict[str, Any]]:
        """What the sandbox's ledger holds."""
        with self.sandbox() as sandbox:
            parameters = {"provider": provider} | ({"title": title} if title else {})
            return cast(
                "list[dict[str, Any]]", sandbox.get("/ledger", params=parameters).raise_for_status().json()["calls"]
            )

    def fault(self, **fault: Any) -> str:
        with self.sandbox() as sandbox:
            return str(sandbox.post("/faults", json=fault).raise_for_status().json()["id"])

    def heal(self) -> None:
        with self.sandbox() as sandbox:
            sandbox.delete("/faults").raise_for_status()

    def finished(self, job_id: str, timeout_s: float = JOB_S) -> dict[str, Any]:
        """The job's document once it is terminal."""
        with self.anonymous() as client:
            deadline = time.monotonic() + timeout_s
            while True:
                job = cast("dict[str, Any]", client.get(f"/api/v1/jobs/{job_id}", headers={"Prefer": "wait=10"}).json())
                if job.get("status") in {"DONE", "FAILED", "CANCELLED"}:
                    return job
                assert time.monotonic() < deadline, job

    def spans(self, trace_id: str) -> list[dict[str, Any]]:
        """Every exported span of one trace."""
        found: list[dict[str, Any]] = []
        for path in (self.directory / "traces").glob("*.jsonl"):
            lines = (line for line in path.read_text().splitlines() if trace_id in line)
            found += [span for span in map(json.loads, lines) if span["trace_id"] == trace_id]
        return found

    def kill(self) -> None:
        """kill -9 of the whole process tree."""
        assert self.process is not None
        signal_tree(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                stop_tree(self.process)


@contextmanager
def running(
    directory: Path, servers: Mapping[str, str] | None = None, settings: Mapping[str, str] | None = None
) -> Generator[System]:
    """A system that is stopped at the end, whatever happens."""
    system = System(directory, servers or {}, settings or {})
    try:
        system.start()
        yield system
    finally:
        system.stop()


def eventually(check: Callable[[], bool], what: str, timeout_s: float = 30.0) -> None:
    """Poll with a deadline."""
    wait_until(check, what, timeout_s)
