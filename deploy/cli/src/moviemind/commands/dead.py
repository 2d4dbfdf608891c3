"""`dead`: what the services and the broker gave up on."""

import asyncio
import json as json_module
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from moviemind.admin_api import AdminApi, LetterContent
from moviemind.api_models import TERMINAL
from moviemind.commands.options import AdminTokenOption, DataDirOption, JsonOption, UrlOption
from moviemind.console import err, moment, out, print_json, print_table
from moviemind.errors import CliError
from moviemind.instance import Target
from moviemind.paths import DataDir

app = typer.Typer()


class Status(StrEnum):
    OPEN = "open"
    REPLAYED = "replayed"
    PURGED = "purged"


LettersArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[LETTER_ID]...", help="As `dead list` shows it.", show_default=False)
]
QueueOption = Annotated[str | None, typer.Option(help="Only letters of this work queue.", show_default=False)]
ReasonOption = Annotated[str | None, typer.Option(help="Only letters with this reason.", show_default=False)]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@app.command("list")
def list_(
    queue: QueueOption = None,
    reason: ReasonOption = None,
    status: Annotated[Status, typer.Option(help="Only letters in this state.")] = Status.OPEN,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, newest first.")] = 50,
    data_dir: DataDirOption = None,
    url: UrlOption = None,
    admin_token: AdminTokenOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Show the newest dead letters."""

    async def work(api: AdminApi) -> None:
        found = await api.letters(limit, queue=queue, reason=reason, status=status)
        if json:
            print_json(list(found.data))
            return
        rows = [
            (
                letter.id,
                letter.queue,
                letter.reason,
                letter.origin,
                letter.event_type or "-",
                letter.job_id or "-",
                moment(letter.parked_at),
            )
            for letter in found.data
        ]
        print_table(("LETTER", "QUEUE", "REASON", "GIVEN UP BY", "EVENT", "JOB", "PARKED (UTC)"), rows)
        if found.pagination.total > len(rows):
            err.print(f"{len(rows)} of {found.pagination.total}")

    _run(work, data_dir, url, admin_token)


@app.command()
def show(
    letter_id: Annotated[str, typer.Argument(help="As `dead list` shows it.", show_default=False)],
    data_dir: DataDirOption = None,
    url: UrlOption = None,
    admin_token: AdminTokenOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Show what one letter says, and what a replay would do. Credentials are hidden."""

    async def work(api: AdminApi) -> None:
        letter = await api.letter(letter_id)
        print_json(letter) if json else print_letter(letter)

    _run(work, data_dir, url, admin_token)


@app.command()
def replay(
    letters: LettersArgument = None,
    queue: QueueOption = None,
    reason: ReasonOption = None,
    data_dir: DataDirOption = None,
    url: UrlOption = None,
    admin_token: AdminTokenOption = None,
    *,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Send letters to their queues again: those named, or all open ones of a queue, of a reason, or of both.

    Each keeps the id of its event, so what was done meanwhile is not done again, and a job that has ended stays ended.
    """
    if bool(letters) == bool(queue or reason):
        raise CliError("which letters?", "Name their ids, or --queue, --reason or both.", exit_code=2)

    async def work(api: AdminApi) -> None:
        if letters:
            sent = [await api.replay(letter) for letter in letters]
            print_json(sent) if json else out.print(_replayed(len(sent)))
            if ended := [letter.id for letter in sent if letter.job_status in TERMINAL]:
                err.print(f"The jobs of these have ended and stay as they are: {', '.join(ended)}", soft_wrap=True)
            return
        total = (await api.letters(1, queue=queue, reason=reason)).pagination.total
        if total:
            confirm(f"Send {_count(total)} again?", yes=yes)
        done = await api.replay_all(total, queue=queue, reason=reason)
        print_json({"replayed": done}) if json else out.print(_replayed(done))
        if done < total:
            err.print(f"{total - done} cannot be sent again: no event can be what they hold. See them: dead list")

    _run(work, data_dir, url, admin_token)


@app.command()
def purge(
    letters: LettersArgument = None,
    queue: QueueOption = None,
    before: Annotated[
        str | None,
        typer.Option(help="With --queue: those parked before this UTC day or time, replayed ones included."),
    ] = None,
    data_dir: DataDirOption = None,
    url: UrlOption = None,
    admin_token: AdminTokenOption = None,
    *,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Erase what letters say, for good. That they were there stays known."""
    if bool(letters) == bool(queue and before) or bool(queue) != bool(before):
        raise CliError("which letters?", "Name their ids, or --queue and --before.", exit_code=2)
    limit = _moment(before) if before else None

    async def work(api: AdminApi) -> None:
        if queue and limit:
            confirm(f"Erase every letter of {queue} from before {limit}?", yes=yes)
            done = await api.purge_all(queue, limit)
        else:
            confirm(f"Erase {_count(len(letters or ()))}?", yes=yes)
            for letter in letters or ():
                await api.purge(letter)
            done = len(letters or ())
        print_json({"purged": done}) if json else out.print(f"{_count(done)} purged.")

    _run(work, data_dir, url, admin_token)


def confirm(question: str, *, yes: bool) -> None:
    """Return when the caller agrees. Raises `CliError` when they do not, or cannot be asked."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise CliError("nobody is there to confirm", "Repeat it with --yes.", exit_code=2)
    if not typer.confirm(question, err=True):
        raise CliError("nothing was done")


def print_letter(letter: LetterContent) -> None:
    out.print(f"[bold]{letter.reason}[/]  {letter.queue}  given up by the {letter.origin}", soft_wrap=True)
    facts = (
        ("letter", letter.id),
        ("event", f"{letter.event_type or '-'} {letter.event_id or ''}".rstrip()),
        ("job", f"{letter.job_id} {letter.job_status or 'unknown'}" if letter.job_id else "-"),
        ("attempts", str(letter.attempts)),
        ("parked", moment(letter.parked_at)),
        ("replayed", moment(letter.replayed_at)),
        ("purged", moment(letter.purged_at)),
        ("detail", letter.detail),
        *letter.headers.items(),
    )
    for name, value in facts:
        out.print(f"{name:<24}{value}", markup=False, soft_wrap=True)
    if letter.purged_at is None:
        said = letter.payload
        text = said if isinstance(said, str) else json_module.dumps(said, indent=2, ensure_ascii=False)
        out.print(f"\n{text}", markup=False, soft_wrap=True)
    err.print(advice(letter), soft_wrap=True)


def advice(letter: LetterContent) -> str:
    """What a replay of this letter would do."""
    if letter.replayed_at or letter.purged_at:
        return "Nothing is left to do: this letter is closed."
    if not letter.replayable:
        return "It cannot be sent again: no event can be what it holds. Purge it when you have seen enough."
    if letter.job_status in TERMINAL:
        return f"Its job is {letter.job_status}, and that is final: a replay changes nothing. Request the text or refresh again."
    return f"Send it again: ./moviemind dead replay {letter.id}"


def _run(
    work: Callable[[AdminApi], Awaitable[None]], data_dir: DataDirOption, url: str | None, token: str | None
) -> None:
    async def opened() -> None:
        async with AdminApi.open(*Target(DataDir.of(data_dir), url).administration(token)) as api:
            await work(api)

    asyncio.run(opened())


def _moment(text: str) -> str:
    """RFC 3339 of what was typed: a day, or a time that is UTC unless it says otherwise."""
    try:
        typed = datetime.fromisoformat(text)
    except ValueError:
        raise CliError(f"{text!r} is not a time", "For example 2026-11-20, or 2026-11-20T08:30.", exit_code=2) from None
    at = typed if typed.tzinfo else typed.replace(tzinfo=UTC)
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _count(number: int) -> str:
    return "1 letter" if number == 1 else f"{number} letters"


def _replayed(number: int) -> str:
    return f"{_count(number)} sent again."
