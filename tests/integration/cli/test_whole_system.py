"""`up` and `demo` as a newcomer runs them: real servers from the wheels, the embedded broker, all services."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from moviemind.paths import DataDir
from moviemind.state import read_state

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
ENV = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}


async def moviemind(*arguments: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "moviemind",
        *arguments,
        env=ENV,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    return process.returncode, output.decode(), errors.decode()


@asynccontextmanager
async def up(data: DataDir, *arguments: str) -> AsyncGenerator[tuple[asyncio.subprocess.Process, dict[str, str]]]:
    command = (sys.executable, "-m", "moviemind", "up", "--json", "--data-dir", str(data.root), *arguments)
    process = await asyncio.create_subprocess_exec(*command, env=ENV, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(90):
            yield process, json.loads(await process.stdout.readuntil(b"\n}\n"))
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        async with asyncio.timeout(25):
            await process.wait()


async def test_up_serves_operates_and_leaves_nothing_behind(data: DataDir) -> None:
    where = ("--data-dir", str(data.root))
    async with up(data) as (process, said):
        state = read_state(data.state)
        assert state is not None
        assert len(state.children) == 8
        async with httpx.AsyncClient() as client:
            for url in state.endpoints.health_urls.values():
                assert (await client.get(f"{url}/health/ready")).status_code == 200
        assert data.demo_key.stat().st_mode & 0o777 == 0o600
        assert said["api_key"] == data.demo_key.read_text(encoding="ascii").strip()

        code, output, errors = await moviemind(
            "generate", "movie", "inception-2010", "--locale", "pl-PL", "--json", *where
        )
        assert (code, json.loads(output)[0]["text"]["locale"]) == (0, "pl-PL"), errors
        job_id = json.loads(output)[0]["job"]["job_id"]
        code, output, _ = await moviemind("jobs", "list", "--json", *where)
        assert (code, json.loads(output)[0]["id"]) == (0, job_id)
        assert (await moviemind("jobs", "show", job_id, *where))[0] == 0
        assert (await moviemind("refresh", "movie", "inception-2010", *where))[0] == 0
        assert (await moviemind("trace", job_id, *where))[0] == 0
        code, output, errors = await moviemind("doctor", *where)
        assert code == 0, output + errors
        code, output, _ = await moviemind("keys", "create", "somebody", "--json", *where)
        assert (code, await moviemind("keys", "revoke", json.loads(output)["prefix"], *where))[1][0] == 0
        code, _, errors = await moviemind("up", *where)
        assert (code, f"pid {process.pid}" in errors) == (1, True)

        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(20):
            assert await process.wait() == 0

    assert not [child.name for child in state.children if psutil.pid_exists(child.pid)]


async def test_two_instances_and_a_restart_keep_to_their_own(data: DataDir, tmp_path: Path) -> None:
    other = DataDir(tmp_path / "other")
    async with up(data) as (_, first), up(other) as (_, second):
        assert first["gateway_url"] != second["gateway_url"]
        assert first["api_key"] != second["api_key"]

    async with up(data) as (_, again):
        assert again["api_key"] == first["api_key"]


async def test_a_chosen_port_in_use_ends_up_with_a_clear_line(data: DataDir) -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    code, output, errors = await moviemind("up", "--port", str(port), "--data-dir", str(data.root))
    server.close()
    await server.wait_closed()

    assert (code, output) == (1, "")
    assert f"error: port {port} is in use" in errors
    assert "--port" in errors


async def test_the_demo_holds_every_promise_it_shows() -> None:
    code, output, errors = await moviemind("demo", "--json")

    result = json.loads(output)
    assert result["failed"] == [], errors
    assert code == 0
    assert result["held"] > 20
