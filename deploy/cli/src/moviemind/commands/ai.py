"""`ai`: what AI calls cost and come to, and the switch that stops them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Annotated, Any

import typer

from moviemind.ai_api import AiApi, Book, Switch
from moviemind.commands.options import AdminTokenOption, DataDirOption, JsonOption, UrlOption
from moviemind.console import err, moment, out, print_json, print_table
from moviemind.instance import Target
from moviemind.paths import DataDir

app = typer.Typer()
ReasonOption = Annotated[str, typer.Option(help="Why; the audit keeps it.", show_default=False)]
_REPORTS = ("token-usage", "parsing-accuracy", "errors")


class Group(StrEnum):
    FORMAT = "format"
    MODEL = "model"
    LOCALE = "locale"
    TAG = "tag"

    @property
    def member(self) -> str:
        """As the API calls it."""
        return {"format": "data_format", "tag": "context_tag"}.get(self.value, self.value)


@app.command()
def status(
    data_dir: DataDirOption = None,
    url: UrlOption = None,
    admin_token: AdminTokenOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Say whether AI calls are stopped, and what those of today cost."""

    async def work(api: AiApi) -> None:
        now = await api.now()
        if json:
            print_json(now)
            return
        _print_switch(now.switch)
        total = now.budget.total
        out.print(f"Today: {total.calls} calls, {_usd(total.spent_usd)} spent, {_usd(total.reserved_usd)} reserved.")

    _run(work, data_dir, url, admin_token)


@app.command()
def stop(
    reason: ReasonOption,
    data_dir: DataDirOption = None,
    url: UrlOption = None,
    admin_token: AdminTokenOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Stop all AI calls, in every worker. Jobs wait until their deadlines."""
    _switch("stop", reason, data_dir, url, admin_token, json=json)


@app.command()
def resume(
    reason: ReasonOption,
    data_dir: DataDirOption = None,
    url: UrlOption = None,
    admin_token: AdminTokenOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Let AI calls begin again."""
    _switch("resume", reason, data_dir, url, admin_token, json=json)


@app.command()
def budget(
    data_dir: DataDirOption = None,
    url: UrlOption = None,
    admin_token: AdminTokenOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Show what today's AI calls cost, in all and for the callers who spent most."""

    async def work(api: AiApi) -> None:
        found = (await api.now()).budget
        if json:
            print_json(found)
            return
        books = [("all", found.total), *((book.caller, book) for book in found.callers)]
        columns = ("WHOSE", "CALLS", "OF", "REFUSED", "SPENT", "RESERVED", "OF")
        print_table(columns, [(name, *_row(book)) for name, book in books])
        err.print(f"{found.day} (UTC); renews at {moment(found.renews_at)}")

    _run(work, data_dir, url, admin_token)


@app.command()
def metrics(
    by: Annotated[Group, typer.Option(help="What a row is about.")] = Group.MODEL,
    start: Annotated[
        str | None, typer.Option("--from", help="First UTC day. Default: 30 days in all.", show_default=False)
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Last UTC day. Default: today.", show_default=False)] = None,
    data_dir: DataDirOption = None,
    url: UrlOption = None,
    admin_token: AdminTokenOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Show tokens, cost, latency, parse accuracy and errors of AI calls."""
    wanted = {"group_by": by.member, "start_date": start, "end_date": end}
    query = {name: value for name, value in wanted.items() if value}

    async def work(api: AiApi) -> None:
        reports = {report: await api.metrics(report, query) for report in _REPORTS}
        if json:
            print_json(reports)
            return
        usage, accuracy, errors = ({row[by.member]: row for row in reports[report]} for report in _REPORTS)
        columns = (by.upper(), "CALLS", "TOKENS", "A CALL", "COST", "P50", "P95", "PARSED", "ERRORS", "OF THESE")
        rows = [
            (
                name or "-",
                str(used["total_requests"]),
                str(used["total_tokens"]),
                _number(used["avg_tokens"]),
                _usd(used["cost_usd"]),
                *_answers(accuracy.get(name, {})),
                *_errors(errors.get(name, {})),
            )
            for name, used in usage.items()
        ]
        print_table(columns, rows)

    _run(work, data_dir, url, admin_token)


def _switch(
    action: str, reason: str, data_dir: DataDirOption, url: str | None, token: str | None, *, json: bool
) -> None:
    async def work(api: AiApi) -> None:
        state = await api.switch(action, reason)
        print_json(state) if json else _print_switch(state)

    _run(work, data_dir, url, token)


def _print_switch(switch: Switch) -> None:
    if not switch.stopped:
        out.print("AI calls are allowed.")
        return
    out.print(f"AI calls are stopped since {moment(switch.stopped_at)} (UTC) by {switch.stopped_by}: ", end="")
    out.print(switch.reason, markup=False, soft_wrap=True)


def _row(book: Book) -> tuple[str, ...]:
    return (
        str(book.calls),
        "-" if book.limit_calls is None else str(book.limit_calls),
        str(book.refused_calls),
        _usd(book.spent_usd),
        _usd(book.reserved_usd),
        _usd(book.limit_usd),
    )


def _answers(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Latencies and parse accuracy of one row."""
    times = (row.get("p50_response_time_ms"), row.get("p95_response_time_ms"))
    parsed = row.get("accuracy_percent")
    return *(f"{time / 1000:.2f} s" if time is not None else "-" for time in times), f"{_number(parsed)} %"


def _errors(row: Mapping[str, Any]) -> tuple[str, str]:
    codes = row.get("codes", {})
    return str(row.get("error_count", 0)), ", ".join(f"{count} {code}" for code, count in codes.items()) or "-"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


def _usd(value: float | None) -> str:
    return "-" if value is None else f"${value:.4f}"


def _run(work: Callable[[AiApi], Awaitable[None]], data_dir: DataDirOption, url: str | None, token: str | None) -> None:
    async def opened() -> None:
        async with AiApi.open(*Target(DataDir.of(data_dir), url).administration(token)) as api:
            await work(api)

    asyncio.run(opened())
