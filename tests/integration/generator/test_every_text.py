"""Every tag, locale and form of one film, and the short forms of every kind, through the providers' real protocols."""

import asyncio
from itertools import product

import pytest
from tests.integration.generator.harness import Generator
from tests.support import summary
from tests.support.jobs import store_generation
from tests.support.sandbox import Sandbox

from shared.entities import SHORT_FORMS, ContextTag, EntityKind, Form, Locale

FILM = "heat-1995"
NAMED = {
    EntityKind.MOVIE: "heat-1995",
    EntityKind.PERSON: "keanu-reeves",
    EntityKind.TV_SERIES: "succession-2018",
    EntityKind.TV_SHOW: "top-gear-2002",
}
LONGEST = {Form.DESCRIPTION: 5000, Form.SUMMARY: 280, Form.TAGLINE: 100}
AT_ONCE = 8
_samples: list[str] = []


async def test_a_film_has_every_text_in_every_locale(generator: Generator, sandbox: Sandbox) -> None:
    await generator.finish(await store_generation(generator.database, FILM))
    wanted = [
        *((Form.DESCRIPTION, tag, locale) for tag, locale in product(ContextTag, Locale)),
        *((form, None, locale) for form, locale in product(sorted(SHORT_FORMS), [Locale.EN])),
        *((form, None, locale) for form, locale in product(sorted(SHORT_FORMS), Locale) if locale is not Locale.EN),
    ]
    gate = asyncio.Semaphore(AT_ONCE)

    async def write(form: Form, tag: ContextTag | None, locale: Locale) -> str:
        async with gate:
            job = await store_generation(generator.database, FILM, form=form, tag=tag, locale=locale)
            row = await generator.finish(job)
        return f"{row['status']} {row['error']}"

    ended = [
        await asyncio.gather(*(write(*one) for one in wanted if (one[0] in SHORT_FORMS) is short))
        for short in (False, True)
    ]

    assert {end for ends in ended for end in ends} == {"DONE None"}
    texts = [text for text in await generator.texts() if text["archived_at"] is None]
    places = {(text["form"], text["context_tag"], text["locale"]) for text in texts}
    assert places == {(form, tag or "DEFAULT", locale) for form, tag, locale in wanted}
    assert len({text["text"] for text in texts}) == len(texts) == 8 * 5 + 2 * 5
    assert all(len(text["text"]) <= LONGEST[Form(text["form"])] for text in texts)
    translated = {text["locale"] for text in texts if text["origin"] == "TRANSLATED"}
    assert translated == set(Locale) - {Locale.EN}
    assert {text["form"] for text in texts if text["origin"] == "TRANSLATED"} == SHORT_FORMS
    default = (await generator.entity(FILM))["default_text_id"]
    assert next(text["form"] for text in texts if text["id"] == default) == "description"
    shown = [text for text in texts if text["locale"] in {"en-US", "pl-PL"} and text["context_tag"] == "DEFAULT"]
    _samples.extend(f"{text['locale']} {text['form']}: {text['text']}" for text in shown)


@pytest.mark.parametrize("kind", list(EntityKind))
async def test_every_kind_has_a_summary_and_a_tagline_translated_from_english(
    generator: Generator, kind: EntityKind
) -> None:
    for form in sorted(SHORT_FORMS):
        job = await store_generation(generator.database, NAMED[kind], kind=kind, form=form, locale=Locale.PL)
        row = await generator.finish(job)
        assert row["status"] == "DONE", row["error"]
        assert [(call["step"], call["outcome"]) for call in await generator.calls_of(job)] == [
            ("write", "ok"),
            ("translate", "ok"),
        ]

    stored = {(text["form"], text["locale"], text["origin"]) for text in await generator.texts()}
    assert stored == {
        (form, locale, origin)
        for form in SHORT_FORMS
        for locale, origin in ((Locale.PL, "TRANSLATED"), (Locale.EN, "GENERATED"))
    }


@pytest.mark.parametrize(
    ("kind", "slug", "near"),
    [
        (EntityKind.MOVIE, "dune-2021", {"dune-1984"}),
        (EntityKind.PERSON, "keanu-reeves", set[str]()),
        (EntityKind.TV_SERIES, "shogun-2024", {"shogun-1980"}),
        (EntityKind.TV_SHOW, "top-gear-2002", {"top-gear-1977"}),
    ],
    ids=list(EntityKind),
)
async def test_f42_what_the_model_does_not_know_is_offered_under_names_that_are_found(
    generator: Generator, sandbox: Sandbox, kind: EntityKind, slug: str, near: set[str]
) -> None:
    await sandbox.fault("not_found", times=1)

    row = await generator.finish(await store_generation(generator.database, slug, kind=kind))

    assert (row["status"], row["error"]["type"]) == ("FAILED", "NOT_FOUND")
    assert await generator.texts() == []
    offered = [suggestion["slug"] for suggestion in row["error"]["suggestions"]]
    assert near <= set(offered)
    assert slug not in offered
    assert len(offered) <= 5
    for one in offered:
        found = await generator.finish(await store_generation(generator.database, one, kind=kind))
        assert found["status"] == "DONE", found["error"]


summary.say("texts of one film", lambda: _samples)
