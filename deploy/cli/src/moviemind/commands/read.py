"""`read` and `search`: what a reader of the API does, from the terminal."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from moviemind.api import Answer, Api, expect
from moviemind.api_models import Accepted, Found, Options, WrittenText
from moviemind.commands.generate import print_text
from moviemind.commands.jobs import follow, require_done
from moviemind.commands.options import (
    ApiKeyOption,
    DataDirOption,
    JsonOption,
    Kind,
    KindArgument,
    SlugArgument,
    UrlOption,
)
from moviemind.console import err, out, print_json, print_table
from moviemind.errors import CliError
from moviemind.instance import Target
from moviemind.paths import DataDir
from shared.entities import KINDS, EntityKind, KindNames, Locale

_FACTS = (
    ("director", "director"),
    ("birth_date", "born"),
    ("birthplace", "in"),
    ("number_of_seasons", "seasons"),
    ("show_type", "kind"),
)


def read(
    kind: KindArgument,
    slug: SlugArgument,
    locale: Annotated[Locale | None, typer.Option(help="Language of the text. Default: whichever there is.")] = None,
    data_dir: DataDirOption = None,
    url: UrlOption = None,
    api_key: ApiKeyOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Read what is written about a title or a person; what is missing is written first."""
    query = {"locale": str(locale)} if locale else {}

    async def work() -> None:
        async with Api.open(*Target(DataDir.of(data_dir), url, api_key).gateway()) as api:
            answer = await until_written(api, kind.entity, slug, query)
        if json:
            print_json(answer.body)
        else:
            _print_entity(KINDS[kind.entity], answer.body)

    asyncio.run(work())


def search(
    kind: KindArgument,
    text: Annotated[str | None, typer.Argument(help="Words of a title or a name.", show_default=False)] = None,
    genre: Annotated[list[str] | None, typer.Option(help="Slug of a genre; repeat it for several.")] = None,
    year: Annotated[int | None, typer.Option(help="Of release, first airing or birth.")] = None,
    page: Annotated[int, typer.Option(help="From 1.")] = 1,
    data_dir: DataDirOption = None,
    url: UrlOption = None,
    api_key: ApiKeyOption = None,
    *,
    local: Annotated[bool, typer.Option("--local", help="Only what is stored; TMDb is not asked.")] = False,
    json: JsonOption = False,
) -> None:
    """Search what is stored and what TMDb has. Typing mistakes are forgiven."""
    names = KINDS[kind.entity]
    years = names.year if kind is Kind.PERSON else "year"
    asked = {"q": text, years: year, "source": "local" if local else None, "page": page}
    query: dict[str, str | int | list[str]] = {name: value for name, value in asked.items() if value is not None}
    if genre:
        query["genre"] = genre

    async def work() -> None:
        async with Api.open(*Target(DataDir.of(data_dir), url, api_key).gateway()) as api:
            answer = await api.call("GET", f"/{names.path}/search", params=query)
        if answer.status == 202:
            job = answer.read(Accepted)
            raise CliError(
                "nothing of that name is stored yet", f"It is being written: ./moviemind jobs watch {job.job_id}"
            )
        found = expect(answer, 200).read(Found)
        if json:
            print_json(answer.body)
        else:
            print_found(names, found)

    asyncio.run(work())


async def until_written(api: Api, kind: EntityKind, slug: str, query: Mapping[str, str]) -> Answer:
    """The entity, after the job that writes what was missing. Raises `CliError` when it is not known or the job fails."""
    answer = await _unambiguous(api, kind, slug, query)
    if answer.status == 202:
        job = await follow(api, answer.read(Accepted).job_id)
        require_done(job)
        answer = await _unambiguous(api, kind, job.slug, query)
    return expect(answer, 200)


async def _unambiguous(api: Api, kind: EntityKind, slug: str, query: Mapping[str, str]) -> Answer:
    answer = await api.entity(kind, slug, **query)
    if answer.status == 301:
        answer = await api.entity(kind, answer.headers["location"].split("?")[0].rsplit("/", 1)[1], **query)
    if answer.status == 300:
        offered = ", ".join(str(one.get("slug")) for one in answer.read(Options).options)
        raise CliError(f"{slug} names several", f"Choose one: {offered}")
    return answer


def _print_entity(names: KindNames, entity: Mapping[str, Any]) -> None:
    year = entity.get(names.year) or str(entity.get("first_air_date") or "")[:4]
    out.print(f"[bold]{entity[names.title]}[/]{f' ({year})' if year else ''}  [dim]{entity['slug']}[/]")
    facts = [f"{label} {entity[name]}" for name, label in _FACTS if entity.get(name)]
    facts += [", ".join(entity.get("genres") or ())]
    err.print(f"[dim]{' · '.join(filter(None, facts))}[/]")
    text = entity.get(f"selected_{names.text}") or entity.get(f"default_{names.text}")
    if text:
        print_text(WrittenText.model_validate(text))


def print_found(names: KindNames, found: Found) -> None:
    if found.external_status in {"timeout", "unavailable"}:
        err.print(f"[yellow]TMDb did not answer ({found.external_status}): only what is stored is shown.[/]")
    if not found.results:
        raise CliError("nothing was found", "Fewer words, or another spelling?")
    print_table(("TITLE", "YEAR", "SLUG", "STORED", "TEXT"), [_row(names, one) for one in found.results])
    err.print(f"[dim]{found.total} in all: {found.local_count} stored, {found.external_count} of TMDb[/]")


def _row(names: KindNames, one: Mapping[str, Any]) -> Sequence[str]:
    stored = one["source"] == "local"
    year = one.get(names.year)
    return (
        str(one[names.title]),
        str(year) if year else "-",
        str(one["slug" if stored else "suggested_slug"]),
        "yes" if stored else "-",
        "yes" if one.get(f"has_{names.text}") else "-",
    )
