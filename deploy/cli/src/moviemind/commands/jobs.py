"""`jobs`: look at generation and refresh jobs."""

import asyncio
from typing import Annotated

import typer

from moviemind.api import Api
from moviemind.api_models import Job, Transition
from moviemind.commands.options import ApiKeyOption, DataDirOption, JsonOption, UrlOption
from moviemind.console import err, moment, out, print_json, print_table
from moviemind.database import database
from moviemind.errors import CliError
from moviemind.instance import Target
from moviemind.paths import DataDir
from shared.db.jobs_read import list_jobs
from shared.jobs import JobStatus

app = typer.Typer()
JobArgument = Annotated[
    str, typer.Argument(metavar="JOB_ID", help="As `generate` and `jobs list` show it.", show_default=False)
]
WATCH_WITHIN_S = 660.0  # the deadline of a job, and a minute
STYLES = {"DONE": "green", "FAILED": "red", "CANCELLED": "yellow", "RETRYING": "yellow"}


@app.command("list")
def list_(
    status: Annotated[JobStatus | None, typer.Option(help="Only jobs in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="At most so many, newest first.")] = 50,
    data_dir: DataDirOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Show the newest jobs. Reads the database of the running system, or DATABASE_URL."""

    async def work() -> None:
        async with database(Target(DataDir.of(data_dir)).database_url()) as db:
            jobs = await list_jobs(db, status=status, limit=limit)
        if json:
            print_json(jobs)
        else:
            rows = [
                (
                    str(job.id),
                    job.status,
                    job.kind,
                    job.entity_kind,
                    job.slug,
                    job.locale or "-",
                    f"{job.attempt}/{job.max_attempts}",
                    moment(job.created_at),
                )
                for job in jobs
            ]
            print_table(("JOB", "STATUS", "KIND", "ENTITY", "SLUG", "LOCALE", "ATTEMPT", "CREATED (UTC)"), rows)

    asyncio.run(work())


@app.command()
def show(
    job_id: JobArgument,
    data_dir: DataDirOption = None,
    url: UrlOption = None,
    api_key: ApiKeyOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Show one job with all its transitions."""

    async def work() -> None:
        async with Api.open(*Target(DataDir.of(data_dir), url, api_key).gateway()) as api:
            job = await api.job(job_id)
        print_json(job) if json else print_job(job)

    asyncio.run(work())


@app.command()
def watch(
    job_id: JobArgument,
    data_dir: DataDirOption = None,
    url: UrlOption = None,
    api_key: ApiKeyOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Follow a job until it ends. Ends with status 1 unless the job is DONE."""

    async def work() -> None:
        async with Api.open(*Target(DataDir.of(data_dir), url, api_key).gateway()) as api:
            job = await follow(api, job_id)
        if json:
            print_json(job)
        require_done(job)

    asyncio.run(work())


async def follow(api: Api, job_id: str) -> Job:
    """Print each transition on stderr as it happens; return the finished job."""
    async for transition in api.transitions(job_id, within_s=WATCH_WITHIN_S):
        print_transition(transition)
    return await api.job(job_id)


def require_done(job: Job) -> None:
    """Raise `CliError` with the reason unless the job is DONE."""
    if job.status == "DONE":
        return
    if job.error is None:
        raise CliError(f"job {job.job_id} is {job.status}", "Another job may have replaced it: ./moviemind jobs list")
    near = ", ".join(str(item.get("slug")) for item in job.error.suggested_slugs)
    hint = f"Did you mean: {near}?" if near else f"Details: ./moviemind jobs show {job.job_id}"
    raise CliError(f"job {job.job_id} FAILED with {job.error.type}: {job.error.message}", hint)


def print_transition(transition: Transition) -> None:
    reason = f"  {transition.reason}" if transition.reason else ""
    colour = STYLES.get(transition.status, "cyan")
    err.print(
        f"{transition.at:%H:%M:%S.%f}"[:-3]
        + f"  [{colour}]{transition.status:<10}[/]  attempt {transition.attempt}  {transition.actor}{reason}",
        soft_wrap=True,
    )


def print_job(job: Job) -> None:
    out.print(f"[bold]{job.entity} {job.slug}[/]  {job.kind}  {job.locale or ''} {job.context_tag or ''}".rstrip())
    rows = [
        (
            str(step.sequence),
            step.status,
            f"{step.at:%H:%M:%S.%f}"[:-3],
            str(step.attempt),
            step.actor,
            step.reason or "",
        )
        for step in job.transitions
    ]
    print_table(("#", "STATUS", "AT (UTC)", "ATTEMPT", "BY", "REASON"), rows)
    if job.error is not None:
        out.print(f"\n{job.error.type}: {job.error.message}\n{job.error.technical_message}", markup=False)
