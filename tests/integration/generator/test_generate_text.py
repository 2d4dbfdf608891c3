import pytest
from tests.integration.generator.harness import Generator
from tests.support.jobs import store_generation
from tests.support.sandbox import Sandbox

from gateway.adapters.postgres_search import PostgresSearch
from gateway.search_ports import SearchFilter, Slice
from shared.entities import ContextTag, EntityKind, Locale
from shared.jobs import Result


@pytest.mark.parametrize("locale", list(Locale))
async def test_a_film_gets_a_text_in_the_locale_asked_for(
    generator: Generator, sandbox: Sandbox, locale: Locale
) -> None:
    job = await store_generation(generator.database, "the-matrix-1999", locale=locale)

    row = await generator.finish(job)

    assert row["status"] == "DONE", row["error"]
    (text,) = await generator.texts()
    entity = await generator.entity("the-matrix-1999")
    result = Result.model_validate(row["result"])
    assert (text["locale"], text["context_tag"], text["origin"]) == (locale, "DEFAULT", "GENERATED")
    assert (text["ai_model"], text["version"], text["job_id"]) == ("gpt-4o-mini", 1, job.id)
    assert result.text_id == text["id"] == entity["default_text_id"]
    assert (result.became_default, result.context_tag) == (True, ContextTag.DEFAULT)
    assert result.entity_version == entity["version"]
    assert row["entity_id"] == entity["id"]
    (call,) = await generator.calls_of(job)
    assert (call["outcome"], call["step"]) == ("ok", "write")
    assert call["prompt_tokens"] > 0
    assert [event["type"] for event in await generator.outbox(job)] == ["generation.completed"]
    (seen,) = await sandbox.calls()
    assert (seen["title"], seen["locale"], seen["client_request_id"]) == ("The Matrix", locale, str(call["id"]))


async def test_each_language_of_a_film_is_searched_for_with_its_text(generator: Generator) -> None:
    for locale, tag in (
        (Locale.EN, ContextTag.DEFAULT),
        (Locale.PL, ContextTag.MODERN),
        (Locale.PL, ContextTag.MODERN),
    ):
        job = await store_generation(generator.database, "the-matrix-1999", locale=locale, tag=tag)
        assert (await generator.finish(job))["status"] == "DONE"

    found = await PostgresSearch(generator.database).search(
        SearchFilter(EntityKind.MOVIE, has_text=Locale.PL), Slice(10)
    )

    assert [hit.slug for hit in found.hits] == ["the-matrix-1999"]
    assert found.facets["locale"] == (("en-US", 1), ("pl-PL", 1))


async def test_a_person_gets_a_bio(generator: Generator) -> None:
    job = await store_generation(generator.database, "keanu-reeves", kind=EntityKind.PERSON, locale=Locale.PL)

    row = await generator.finish(job)

    assert row["status"] == "DONE", row["error"]
    (text,) = await generator.texts()
    entity = await generator.entity("keanu-reeves")
    assert (text["form"], text["locale"], text["entity_id"]) == ("bio", "pl-PL", entity["id"])
    assert entity["details"]["birth_date"] is not None


async def test_a_person_known_from_credits_is_completed_by_their_first_bio(
    generator: Generator, sandbox: Sandbox
) -> None:
    await generator.finish(await store_generation(generator.database, "the-matrix-1999"))
    stub = await generator.entity("keanu-reeves")
    assert stub["details"]["birth_date"] is None

    job = await store_generation(
        generator.database, "keanu-reeves", kind=EntityKind.PERSON, entity_id=stub["id"], locale=Locale.DE
    )
    row = await generator.finish(job)

    assert row["status"] == "DONE", row["error"]
    person = await generator.entity("keanu-reeves")
    assert person["id"] == stub["id"] == row["entity_id"]
    assert person["details"]["birth_date"] is not None
    assert person["version"] == row["result"]["entity_version"] > stub["version"]


async def test_a_person_known_from_credits_gets_a_bio_while_the_catalogue_is_away(
    generator: Generator, sandbox: Sandbox
) -> None:
    await generator.finish(await store_generation(generator.database, "the-matrix-1999"))
    stub = await generator.entity("keanu-reeves")
    await sandbox.fault("error", provider="tmdb", status=503)

    job = await store_generation(generator.database, "keanu-reeves", kind=EntityKind.PERSON, entity_id=stub["id"])
    row = await generator.finish(job)

    assert row["status"] == "DONE", row["error"]


async def test_a_stored_film_needs_no_catalogue(generator: Generator, sandbox: Sandbox) -> None:
    await generator.finish(await store_generation(generator.database, "the-matrix-1999"))
    asked = len(await sandbox.calls("tmdb"))

    row = await generator.finish(await store_generation(generator.database, "the-matrix-1999", locale=Locale.FR))

    assert row["status"] == "DONE", row["error"]
    assert len(await sandbox.calls("tmdb")) == asked
    assert row["result"]["became_default"] is False


async def test_without_a_tag_an_entity_gets_one_style_after_the_other(generator: Generator) -> None:
    tags: list[str] = []
    for _ in range(5):
        row = await generator.finish(await store_generation(generator.database, "the-matrix-1999"))
        tags.append(row["result"]["context_tag"])

    assert tags == ["DEFAULT", "modern", "critical", "humorous", "DEFAULT"]
    versions = [(text["context_tag"], text["version"], text["archived_at"] is None) for text in await generator.texts()]
    assert versions == [
        ("DEFAULT", 1, False), ("modern", 1, True), ("critical", 1, True), ("humorous", 1, True), ("DEFAULT", 2, True),
    ]  # fmt: skip
    assert len({text["text"] for text in await generator.texts()}) == 5


async def test_the_default_moves_only_if_the_one_seen_at_acceptance_still_is_the_default(generator: Generator) -> None:
    first = await generator.finish(await store_generation(generator.database, "the-matrix-1999"))
    baseline = first["result"]["text_id"]
    seen_both = [
        await store_generation(generator.database, "the-matrix-1999", tag=tag, baseline_text_id=baseline)
        for tag in (ContextTag.CRITICAL, ContextTag.HUMOROUS)
    ]

    second, third = [await generator.finish(job) for job in seen_both]

    assert [row["result"]["became_default"] for row in (first, second, third)] == [True, True, False]
    entity = await generator.entity("the-matrix-1999")
    assert str(entity["default_text_id"]) == second["result"]["text_id"]
    assert [text["archived_at"] for text in await generator.texts()] == [None, None, None]


async def test_a_text_that_replaces_the_default_in_its_slot_is_the_default(generator: Generator) -> None:
    tag = ContextTag.DEFAULT
    await generator.finish(await store_generation(generator.database, "the-matrix-1999", tag=tag))

    row = await generator.finish(await store_generation(generator.database, "the-matrix-1999", tag=tag))

    old, new = await generator.texts()
    assert old["archived_at"] is not None
    assert row["result"]["became_default"] is True
    assert (await generator.entity("the-matrix-1999"))["default_text_id"] == new["id"]


@pytest.mark.parametrize(
    ("slug", "suggested"),
    [
        ("dune", {"dune-1984", "dune-2021"}),
        ("the-matrix-1998", {"the-matrix-1999"}),
        ("a-film-nobody-ever-made-2001", set[str]()),
    ],
)
async def test_a_slug_that_names_no_single_film_fails_with_suggestions_that_work(
    generator: Generator, sandbox: Sandbox, slug: str, suggested: set[str]
) -> None:
    row = await generator.finish(await store_generation(generator.database, slug))

    assert (row["status"], row["error"]["type"], row["attempt"]) == ("FAILED", "NOT_FOUND", 1)
    offered = {suggestion["slug"] for suggestion in row["error"]["suggestions"]}
    assert suggested <= offered
    assert len(offered) <= 5
    assert await sandbox.calls() == await generator.texts() == []
    for one in offered:
        found = await generator.finish(await store_generation(generator.database, one))
        assert found["status"] == "DONE", found["error"]


async def test_a_job_waits_for_the_catalogue(generator: Generator, sandbox: Sandbox) -> None:
    await sandbox.fault("error", provider="tmdb", status=503, times=10)
    job = await store_generation(generator.database, "the-matrix-1999")
    await generator.deliver(job)
    waiting = await generator.job(job)
    await sandbox.heal()

    row = await generator.finish(job)

    assert (waiting["status"], waiting["error"]["type"]) == ("RETRYING", "UNKNOWN_ERROR")
    assert waiting["error"]["technical_message"].startswith("catalogue unavailable")
    assert (row["status"], row["attempt"]) == ("DONE", 2)


@pytest.mark.parametrize(
    ("kind", "slug"),
    [
        (EntityKind.TV_SERIES, "dark-2017"),
        (EntityKind.TV_SERIES, "dekalog-1989"),
        (EntityKind.TV_SHOW, "jeopardy-1984"),
        (EntityKind.TV_SHOW, "planet-earth-2006"),
    ],
)
@pytest.mark.parametrize("locale", [Locale.PL, Locale.EN])
async def test_series_and_shows_get_descriptions(
    generator: Generator, kind: EntityKind, slug: str, locale: Locale
) -> None:
    row = await generator.finish(await store_generation(generator.database, slug, kind=kind, locale=locale))

    assert row["status"] == "DONE", row["error"]
    assert (await generator.entity(slug))["kind"] == kind
