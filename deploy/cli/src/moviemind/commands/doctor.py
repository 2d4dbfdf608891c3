"""`doctor`: what is wrong with this machine or the running system, and what to do about it."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import typer
from pydantic import BaseModel, ConfigDict

from moviemind.commands.invariants import RUNBOOK, look
from moviemind.commands.migrate import run_migrations
from moviemind.commands.options import DataDirOption, JsonOption
from moviemind.console import out, print_json
from moviemind.errors import CliError
from moviemind.instance import running_state
from moviemind.paths import MIN_FREE_BYTES, DataDir
from moviemind.state import SystemState
from moviemind.supervisor import probes
from moviemind.supervisor.binaries import postgres_program, redis_server
from moviemind.supervisor.plan import GATEWAY_PORT
from moviemind.supervisor.ports import reserve


class Finding(BaseModel):
    """One thing looked at. `hint` says what to do when it is not `ok`."""

    model_config = ConfigDict(frozen=True)

    name: str
    ok: bool
    detail: str
    hint: str = ""


def doctor(data_dir: DataDirOption = None, *, json: JsonOption = False) -> None:
    """Look at Python, programs, disk and ports, and at every part of the running system. Ends with status 1 on a
    problem.
    """
    data = DataDir.of(data_dir)
    state = running_state(data)
    findings = [_python(), *_programs(), _disk(data), _port(state)]
    findings += asyncio.run(_system(state) if state else _given_servers(os.environ))
    database_url = state.endpoints.database_url if state else os.environ.get("DATABASE_URL")
    if database_url:
        schema = _schema(database_url)
        findings += [schema, *_invariants(data)] if schema.ok else [schema]
    findings = [finding.model_copy(update={"hint": ""}) if finding.ok else finding for finding in findings]
    if json:
        print_json({"ok": all(finding.ok for finding in findings), "running": state is not None, "findings": findings})
    else:
        for finding in findings:
            mark = "[green]✓[/]" if finding.ok else "[bold red]✗[/]"
            out.print(f"{mark} {finding.name:<22} {finding.detail}", soft_wrap=True)
            if finding.hint:
                out.print(f"  → {finding.hint}", soft_wrap=True, markup=False)
        if state is None:
            out.print(f"\nNo MovieMind runs on {data.root}; ./moviemind up starts it.", soft_wrap=True)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _python() -> Finding:
    return Finding(
        name="Python",
        ok=sys.version_info >= (3, 11),
        detail=sys.version.split()[0],
        hint="Install Python 3.11 or newer and remove .venv.",
    )


def _programs() -> list[Finding]:
    return [
        _program("PostgreSQL program", lambda: postgres_program("postgres")),
        _program("Redis program", redis_server),
    ]


def _program(name: str, find: Callable[[], Path]) -> Finding:
    try:
        command = (str(find()), "--version")
        result = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)  # noqa: S603 - from the wheel
    except CliError as error:
        return Finding(name=name, ok=False, detail=error.message, hint=error.hint)
    except (OSError, subprocess.SubprocessError) as error:
        return Finding(
            name=name, ok=False, detail=f"does not run here: {error}", hint="Name a server of yours instead."
        )
    return Finding(name=name, ok=True, detail=result.stdout.strip().split(" sha=")[0])


def _disk(data: DataDir) -> Finding:
    folder = next(place for place in (data.root, *data.root.parents) if place.exists())
    free = shutil.disk_usage(folder).free
    writable = os.access(folder, os.W_OK | os.X_OK)
    return Finding(
        name="Data directory",
        ok=writable and free >= MIN_FREE_BYTES,
        detail=f"{data.root}: {free // 2**20} MB free" + ("" if writable else ", not writable"),
        hint=f"Choose a writable place with {MIN_FREE_BYTES // 2**20} MB free: --data-dir.",
    )


def _port(state: SystemState | None) -> Finding:
    if state is not None:
        return Finding(name="Gateway port", ok=True, detail=f"{state.endpoints.gateway_url} is ours")
    reservation = reserve(GATEWAY_PORT)
    if reservation is None:
        return Finding(name="Gateway port", ok=True, detail=f"{GATEWAY_PORT} is in use; `up` takes the next free one")
    reservation.release()
    return Finding(name="Gateway port", ok=True, detail=f"{GATEWAY_PORT} is free")


async def _system(state: SystemState) -> list[Finding]:
    """Every part of the running system. A worker is ready only while its queues have their consumers."""
    ends = state.endpoints
    logs = {child.name: child.log for child in state.children}
    servers = {"DATABASE_URL": ends.database_url, "RABBITMQ_URL": ends.rabbitmq_url, "REDIS_URL": ends.redis_url}
    found = await _given_servers(servers)
    for name, url in ends.health_urls.items():
        missing = await probes.http(f"{url}/health/ready")()
        found.append(
            Finding(
                name=name,
                ok=missing is None,
                detail=f"{url} {missing or 'is ready'}",
                hint=f"Its log: {logs.get(name, 'none, it does not run')}",
            )
        )
    return found


async def _given_servers(urls: Mapping[str, str]) -> list[Finding]:
    found: list[Finding] = []
    for name, probe in probes.SERVERS.items():
        if url := urls.get(name):
            missing = await probe(url)()
            shown = probes.without_password(url)
            hint = f"Start that server, or correct or unset {name}."
            found.append(Finding(name=name, ok=missing is None, detail=f"{shown} {missing or 'answers'}", hint=hint))
    return found


def _schema(database_url: str) -> Finding:
    code, last = run_migrations(database_url, "current")
    return Finding(
        name="Schema",
        ok=code == 0,
        detail="is the newest" if code == 0 else last,
        hint="Bring it up to date: ./moviemind migrate",
    )


def _invariants(data: DataDir) -> list[Finding]:
    """One finding per violated invariant, or one for all."""
    try:
        results = asyncio.run(look(data))
    except CliError as error:
        return [Finding(name="Invariants", ok=False, detail=error.message, hint=error.hint)]
    violated = [
        Finding(
            name=f"Invariant {result.invariant.id}",
            ok=False,
            detail="; ".join(violation.sentence for violation in result.violations),
            hint=f"{result.invariant.means} Which: ./moviemind invariants. What to do: {RUNBOOK}.",
        )
        for result in results
        if result.violations
    ]
    unchecked = {reason: None for result in results for reason in result.unchecked}
    hold = f"{sum(result.holds for result in results)} of {len(results)} hold"
    detail = f"{hold}; not all was checked: {', '.join(unchecked)}" if unchecked else hold
    return violated or [Finding(name="Invariants", ok=True, detail=detail)]
