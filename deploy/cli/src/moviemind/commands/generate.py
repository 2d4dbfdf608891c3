"""`generate` and `refresh`: what an API client does, from the terminal."""

import asyncio
from typing import Annotated

import typer

from moviemind.api import Api
from moviemind.api_models import Accepted, WrittenText
from moviemind.commands.jobs import follow, require_done
from moviemind.commands.options import ApiKeyOption, DataDirOption, JsonOption, KindArgument, SlugArgument, UrlOption
from moviemind.console import err, out, print_json
from moviemind.instance import Target
from moviemind.paths import DataDir
from shared.entities import KINDS, SHORT_FORMS, ContextTag, EntityKind, Form, Locale


def generate(
    kind: KindArgument,
    slug: SlugArgument,
    locale: Annotated[Locale, typer.Option(help="Language of the text.")] = Locale.EN,
    tag: Annotated[
        list[ContextTag] | None, typer.Option(help="Style; repeat it for several texts, one job each.")
    ] = None,
    form: Annotated[Form | None, typer.Option(help="Default: bio for people, description otherwise.")] = None,
    data_dir: DataDirOption = None,
    url: UrlOption = None,
    api_key: ApiKeyOption = None,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Start a new job although one is active; it replaces that one.")
    ] = False,
    wait: Annotated[bool, typer.Option(help="Follow the job and print the text, or return at once.")] = True,
    json: JsonOption = False,
) -> None:
    """Write a NEW text with AI, and print it."""
    body: dict[str, object] = {"entity_type": kind.entity, "slug": slug, "locale": locale, "force": force}
    if tag:
        body["context_tag"] = tag if len(tag) > 1 else tag[0]
    if form:
        body["form"] = form

    async def work() -> None:
        async with Api.open(*Target(DataDir.of(data_dir), url, api_key).gateway()) as api:
            accepted = await api.generate(body)
            if not wait:
                _print_accepted(accepted, json=json)
                return
            jobs = [await follow(api, each.job_id) for each in accepted]
            for job in jobs:
                require_done(job)
            short = form if form in SHORT_FORMS else None
            texts = [await api.short_text_of(job, short) if short else await api.text_of(job) for job in jobs]
        if json:
            print_json(
                [
                    {"job": job.model_dump(mode="json"), "text": text and text.model_dump(mode="json")}
                    for job, text in zip(jobs, texts, strict=True)
                ]
            )
        else:
            for text in texts:
                if text is None:
                    _print_hidden(kind.entity, slug, form)
                else:
                    print_text(text)

    asyncio.run(work())


def refresh(
    kind: KindArgument,
    slug: SlugArgument,
    data_dir: DataDirOption = None,
    url: UrlOption = None,
    api_key: ApiKeyOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Bring the facts of a stored entity up to date with TMDb. Writes no text."""

    async def work() -> None:
        async with Api.open(*Target(DataDir.of(data_dir), url, api_key).gateway()) as api:
            result = await api.refresh(kind.entity, slug)
            if isinstance(result, Accepted):
                job = await follow(api, result.job_id)
                require_done(job)
                print_json(job) if json else out.print(f"{job.slug} is up to date.")
            else:
                print_json(result) if json else out.print(
                    f"{result.slug} is up to date ({result.refreshed_at:%H:%M:%S} UTC)."
                )

    asyncio.run(work())


def print_text(text: WrittenText) -> None:
    """The text on stdout, its origin on stderr."""
    err.print(f"[dim]{text.locale}  {text.context_tag or '-'}  {text.ai_model or ''}[/]")
    out.print(text.text, markup=False)


def _print_hidden(kind: EntityKind, slug: str, form: Form | None) -> None:
    err.print(
        f"The {form} is stored. Readers see it together with a {KINDS[kind].text}, and {slug} has none yet: "
        "the same command without --form writes one."
    )


def _print_accepted(accepted: tuple[Accepted, ...], *, json: bool) -> None:
    if json:
        print_json(accepted)
        return
    for job in accepted:
        out.print(f"{job.job_id}  {job.status}")
    err.print(f"Follow it: ./moviemind jobs watch {accepted[0].job_id}")
