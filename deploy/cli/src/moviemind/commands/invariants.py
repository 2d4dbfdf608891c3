"""`invariants`: does everything hold that must, whatever has failed?"""

import asyncio
import os
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Annotated

import typer

from moviemind.commands.options import DataDirOption, JsonOption
from moviemind.console import out, print_json
from moviemind.database import database
from moviemind.instance import Target, running_state
from moviemind.paths import DataDir
from shared import cache
from shared.db.jobs_read import list_jobs
from shared.invariants import Evidence, Result, check_all
from shared.messaging.queue_states import RabbitQueues

EVER_S = 100 * 365 * 86400.0
LONG_S = 300.0
RUNBOOK = "docs/operations.md, Invariants"


def invariants(
    data_dir: DataDirOption = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Whole tables instead of the last day.")] = False,
    json: JsonOption = False,
) -> None:
    """Check the running system, or DATABASE_URL, RABBITMQ_URL and REDIS_URL. Ends with status 1 when an invariant is
    violated.
    """
    results = asyncio.run(look(DataDir.of(data_dir), everything=everything))
    violated = [result for result in results if result.violations]
    if json:
        print_json({"ok": not violated, "invariants": [_document(result) for result in results]})
    else:
        _show(results)
    if violated:
        raise typer.Exit(1)


async def look(data: DataDir, *, everything: bool = False) -> list[Result]:
    """What is found now. The broker and Redis are asked when they are known to belong to the database. Raises
    `CliError` when that is away.
    """
    url = Target(data).database_url()
    state = running_state(data)
    ours = state.endpoints if state is not None and state.endpoints.database_url == url else None
    rabbitmq_url = ours.rabbitmq_url if ours else os.environ.get("RABBITMQ_URL")
    redis_url = ours.redis_url if ours else os.environ.get("REDIS_URL")
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(database(url))
        await list_jobs(db, limit=1)  # to fail here when the database is away: a check would only be left out
        evidence = Evidence(
            db,
            RabbitQueues(rabbitmq_url, "cli") if rabbitmq_url else None,
            await stack.enter_async_context(cache.connect(redis_url)) if redis_url else None,
        )
        if everything:
            evidence = Evidence(db, evidence.broker, evidence.redis, window_s=EVER_S, timeout_s=LONG_S)
        return await check_all(evidence)


def _show(results: Sequence[Result]) -> None:
    for result in results:
        mark = "[bold red]✗[/]" if result.violations else "[green]✓[/]" if result.checked else "[yellow]?[/]"
        out.print(f"{mark} {result.invariant.id:<4} {result.invariant.title}", soft_wrap=True)
        for violation in result.violations:
            ids = ", ".join(violation.samples)
            out.print(f"       {violation.sentence}: {ids}", soft_wrap=True, markup=False)
        if result.violations:
            out.print(f"       → {result.invariant.means} {RUNBOOK}.", soft_wrap=True, markup=False)
        for reason in result.unchecked:
            out.print(f"       not all of it was checked: {reason}", soft_wrap=True, markup=False)


def _document(result: Result) -> dict[str, object]:
    return {
        "id": result.invariant.id,
        "title": result.invariant.title,
        "holds": result.holds,
        "violations": [
            {"sentence": violation.sentence, "count": violation.count, "samples": list(violation.samples)}
            for violation in result.violations
        ],
        "unchecked": list(result.unchecked),
    }
