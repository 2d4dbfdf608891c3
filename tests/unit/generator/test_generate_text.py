import pytest
from tests.unit.generator.samples import AGAIN, BIO, KEANU, MATRIX, TEXTS, answer
from tests.unit.generator.world import World

from shared.entities import ContextTag, EntityKind, Locale
from shared.errors import LeaseLost, Permanent, Transient, Unavailable, failure
from shared.jobs import FailureType, JobStatus

ENGLISH = answer(TEXTS[Locale.EN])


async def test_a_job_ends_with_a_text_of_its_own(world: World) -> None:
    event, attempt = await world.claimed()

    await world.generate([ENGLISH])(event, attempt)

    result = world.result(attempt)
    (stored,) = world.texts
    assert (result.text_id, result.slug, result.became_default) == (stored.id, "the-matrix-1999", True)
    assert stored.text == TEXTS[Locale.EN]


async def test_a_job_under_another_spelling_takes_the_canonical_slug(world: World) -> None:
    event, attempt = await world.claimed("the-matrix")

    await world.generate([ENGLISH])(event, attempt)

    assert world.database.jobs[attempt.job_id].slug == world.result(attempt).slug == "the-matrix-1999"


async def test_a_job_waits_for_another_one_with_its_identity_and_shares_its_text(world: World) -> None:
    first, holding = await world.claimed("the-matrix-1999")
    second, spelled = await world.claimed("the-matrix")
    with pytest.raises(Transient) as waiting:
        await world.generate([])(second, spelled)
    world.clock.advance(1)
    await world.generate([ENGLISH])(first, holding)

    await world.generate([])(second, spelled)

    assert (waiting.value.counted, waiting.value.retry_after_s) == (False, 2.0)
    assert world.result(spelled).text_id == world.result(holding).text_id
    assert world.calls == ["ok"]


async def test_a_text_that_is_older_than_the_job_is_not_shared(world: World) -> None:
    first, earlier = await world.claimed()
    await world.generate([ENGLISH])(first, earlier)
    world.clock.advance(1)
    second, later = await world.claimed()

    await world.generate([answer(AGAIN[0])])(second, later)

    assert world.result(later).text_id != world.result(earlier).text_id


async def test_f44_a_text_that_exists_already_is_refused(world: World) -> None:
    first, earlier = await world.claimed()
    await world.generate([ENGLISH])(first, earlier)
    world.clock.advance(1)
    second, later = await world.claimed()

    with pytest.raises(Permanent) as stopped:
        await world.generate([ENGLISH, ENGLISH])(second, later)

    assert stopped.value.failure.type is FailureType.VALIDATION_ERROR
    assert stopped.value.failure.technical_message == "the text failed the checks twice: near_duplicate"
    assert len(world.texts) == 1


async def test_styles_rotate_and_begin_again_with_a_new_version_of_the_first(world: World) -> None:
    tags: list[ContextTag | None] = []
    for text in (TEXTS[Locale.EN], *AGAIN):
        event, attempt = await world.claimed()
        await world.generate([answer(text)])(event, attempt)
        world.clock.advance(1)
        tags.append(world.result(attempt).context_tag)

    assert tags == ["DEFAULT", "modern", "critical", "humorous", "DEFAULT"]


async def test_each_locale_rotates_on_its_own(world: World) -> None:
    event, attempt = await world.claimed(locale=Locale.EN)
    await world.generate([ENGLISH])(event, attempt)

    event, attempt = await world.claimed(locale=Locale.PL)
    await world.generate([answer(TEXTS[Locale.PL])])(event, attempt)

    assert world.result(attempt).context_tag == ContextTag.DEFAULT


@pytest.mark.parametrize(
    ("slug", "suggested"),
    [("the-matrix-1998", ["the-matrix-1999"]), ("matrix-reborn", ["the-matrix-1999"]), ("zzz", [])],
)
async def test_nothing_is_written_about_what_does_not_exist(world: World, slug: str, suggested: list[str]) -> None:
    event, attempt = await world.claimed(slug)

    with pytest.raises(Permanent) as stopped:
        await world.generate([])(event, attempt)

    assert stopped.value.failure.type is FailureType.NOT_FOUND
    assert [suggestion.slug for suggestion in stopped.value.failure.suggestions] == suggested
    assert world.calls == []


async def test_a_slug_that_names_several_films_offers_at_most_five_of_them(world: World) -> None:
    for number in range(7):
        world.catalog.add(
            MATRIX.model_copy(
                update={"tmdb_id": 9000 + number, "title": "Heat", "original_title": None, "year": 1980 + number}
            )
        )
    event, attempt = await world.claimed("heat")

    with pytest.raises(Permanent) as stopped:
        await world.generate([])(event, attempt)

    suggestions = stopped.value.failure.suggestions
    assert len(suggestions) == 5
    assert (suggestions[0].slug, suggestions[0].title, suggestions[0].year) == ("heat-1986", "Heat", 1986)


@pytest.mark.parametrize(
    ("error", "counted", "retry_after_s"),
    [
        (Unavailable("tmdb", retry_after_s=30), True, 30),
        (Transient(failure(FailureType.TIMEOUT, "TMDb did not answer in time")), True, None),
        (Transient(failure(FailureType.RATE_LIMITED, "throttled"), retry_after_s=7, counted=False), False, 7),
    ],
)
async def test_a_job_is_tried_again_when_the_catalogue_is_away(
    world: World, error: Exception, *, counted: bool, retry_after_s: float | None
) -> None:
    world.catalog.error = error
    event, attempt = await world.claimed()

    with pytest.raises(Transient) as stopped:
        await world.generate([])(event, attempt)

    assert stopped.value.failure.type is FailureType.UNKNOWN_ERROR
    assert stopped.value.failure.technical_message.startswith("catalogue unavailable")
    assert (stopped.value.counted, stopped.value.retry_after_s) == (counted, retry_after_s)


async def test_a_stored_film_is_not_looked_up(world: World) -> None:
    known = world.library.store(MATRIX)
    event, attempt = await world.claimed()

    await world.generate([ENGLISH])(event, attempt)

    assert world.catalog.calls == []
    assert world.result(attempt).entity_id == known.id


async def test_a_person_known_from_credits_is_completed(world: World) -> None:
    stub = world.library.store(KEANU.model_copy(update={"year": None}), complete=False)
    event, attempt = await world.claimed("keanu-reeves", kind=EntityKind.PERSON)

    await world.generate([answer(BIO, about=KEANU)])(event, attempt)

    known = world.database.entities[stub.id]
    assert (known.complete, known.facts.year) == (True, 1964)


async def test_a_person_known_from_credits_is_written_about_while_the_catalogue_is_away(world: World) -> None:
    stub = world.library.store(KEANU, complete=False)
    world.catalog.error = Unavailable("tmdb")
    event, attempt = await world.claimed("keanu-reeves", kind=EntityKind.PERSON)

    await world.generate([answer(BIO, about=KEANU)])(event, attempt)

    assert world.result(attempt).entity_id == stub.id
    assert world.database.entities[stub.id].complete is False


async def test_f47_a_cancelled_attempt_writes_nothing(world: World) -> None:
    event, attempt = await world.claimed()
    world.database.move(world.database.jobs[attempt.job_id], JobStatus.CANCELLED, "gateway")

    with pytest.raises(LeaseLost):
        await world.generate([ENGLISH])(event, attempt)

    assert world.calls == []
    assert world.texts == []
