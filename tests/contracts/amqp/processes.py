"""The embedded broker as a process of its own, which can be killed."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

_START_S: Final = 10.0
PASSWORD: Final = "a password / with: odd @characters"


@dataclass(frozen=True)
class Outcome:
    """How a process ended."""

    code: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Running:
    process: asyncio.subprocess.Process
    port: int
    announced_url: str

    @property
    def url(self) -> str:
        return f"amqp://guest:a%20password%20%2F%20with%3A%20odd%20%40characters@127.0.0.1:{self.port}/"

    async def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        await self.process.wait()


async def _start(*arguments: str, password: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "embedded_amqp",
        *arguments,
        env={**os.environ, "EMBEDDED_AMQP_PASSWORD": password},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@asynccontextmanager
async def running(*arguments: str) -> AsyncGenerator[Running, None]:
    """A broker that listens; it is killed at the end unless it has ended before."""
    process = await _start(*arguments, password=PASSWORD)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_START_S):
            announced = json.loads(await process.stdout.readline())
        yield Running(process, announced["port"], announced["url"])
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def run_to_its_end(*arguments: str, password: str = PASSWORD) -> Outcome:
    process = await _start(*arguments, password=password)
    try:
        async with asyncio.timeout(_START_S):
            stdout, stderr = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    return Outcome(process.returncode or 0, stdout.decode(), stderr.decode())
