"""The sandbox as a process, and what tests do with it."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from shared.clock import SystemClock

PATIENCE_S = 20.0


@dataclass(slots=True)
class Sandbox:
    """The simulated providers, and what they were asked."""

    url: str
    http: httpx.AsyncClient

    async def fault(self, kind: str, title: str = "*", *, provider: str = "openai", **members: Any) -> str:
        body = {"provider": provider, "title": title, "fault": kind, **members}
        answer = await self.http.post("/_sandbox/faults", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def heal(self, fault_id: str | None = None) -> None:
        await self.http.delete(f"/_sandbox/faults/{fault_id}" if fault_id else "/_sandbox/faults")

    async def calls(self, provider: str = "openai") -> list[dict[str, Any]]:
        return (await self.http.get("/_sandbox/ledger", params={"provider": provider})).json()["calls"]

    async def until_open(self, count: int, provider: str = "openai") -> None:
        """Return when the provider has received its `count`th call, answered or not."""
        async with asyncio.timeout(PATIENCE_S):
            while len(await self.calls(provider)) < count:
                await SystemClock().sleep(0.02)

    async def patch(self, kind: str, tmdb_id: int, **members: Any) -> None:
        answer = await self.http.patch(f"/_sandbox/facts/{kind}/{tmdb_id}", json=members)
        assert answer.status_code == 200, answer.text


@contextmanager
def process() -> Generator[str]:
    """A sandbox on a free port; its address."""
    command = [sys.executable, "-m", "sandbox", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        yield json.loads(running.stdout.readline())["url"]
        running.terminate()
        running.wait(10)


@asynccontextmanager
async def forgetful(url: str) -> AsyncGenerator[Sandbox]:
    """The sandbox at `url`, without anything that earlier tests told it."""
    async with httpx.AsyncClient(base_url=url, timeout=10) as http:
        for path in ("faults", "ledger", "facts", "limits", "day"):
            await http.delete(f"/_sandbox/{path}")
        yield Sandbox(url, http)
