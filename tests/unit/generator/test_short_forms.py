import pytest
from tests.support.fakes.model import ScriptedModel
from tests.unit.generator.samples import AGAIN, KEANU, MATRIX, TAGLINES, TEXTS, answer
from tests.unit.generator.world import World

from generator import prompts
from generator.ports import Answer, Brief, Shelf, Text
from generator.usecases.generate_text import others
from shared import ids
from shared.entities import ContextTag, EntityKind, Form, Locale, Origin
from shared.errors import Permanent, Transient, failure
from shared.faults import InjectedFault, arm
from shared.jobs import FailureType

ENGLISH, POLISH = answer(TAGLINES[Locale.EN]), answer(TAGLINES[Locale.PL])
LONG = answer(TEXTS[Locale.EN])
AWAY = Transient(failure(FailureType.TIMEOUT, "TMDb did not answer in time"))


async def tagline(world: World, locale: Locale, model: ScriptedModel, kind: EntityKind = EntityKind.MOVIE) -> None:
    slug = "keanu-reeves" if kind is EntityKind.PERSON else "the-matrix-1999"
    event, attempt = await world.claimed(slug, kind=kind, form=Form.TAGLINE, locale=locale)
    await world.generate(model)(event, attempt)
    world.clock.advance(1)


def steps(world: World) -> list[str]:
    return [call.step for call in world.database.calls.values()]


@pytest.mark.parametrize("form", [Form.SUMMARY, Form.TAGLINE])
async def test_a_short_form_is_written_in_english_without_a_tag(world: World, form: Form) -> None:
    event, attempt = await world.claimed(form=form)

    await world.generate([ENGLISH])(event, attempt)

    (text,) = world.texts
    assert (text.form, text.locale, text.context_tag) == (form, Locale.EN, ContextTag.DEFAULT)
    assert (text.origin, text.job_id) == (Origin.GENERATED, attempt.job_id)
    assert steps(world) == ["write"]


async def test_in_another_locale_it_is_a_translation_of_the_english_one(world: World) -> None:
    await tagline(world, Locale.EN, ScriptedModel([ENGLISH]))
    model = ScriptedModel([POLISH])

    await tagline(world, Locale.PL, model)

    english, polish = world.texts
    assert (polish.locale, polish.text, polish.origin) == (Locale.PL, TAGLINES[Locale.PL], Origin.TRANSLATED)
    assert english.current
    brief = Brief(MATRIX, Form.TAGLINE, Locale.PL, ContextTag.DEFAULT, source=TAGLINES[Locale.EN])
    assert [prompt for prompt, _ in model.asked] == [prompts.render(brief)]
    assert steps(world) == ["write", "translate"]


async def test_a_translation_that_is_made_again_is_of_a_new_source_and_leaves_the_english_text_alone(
    world: World,
) -> None:
    await tagline(world, Locale.EN, ScriptedModel([ENGLISH]))
    await tagline(world, Locale.PL, ScriptedModel([POLISH]))
    other = "Behind every screen waits a question that nobody dares to ask."
    model = ScriptedModel([answer(other), answer("Za każdym ekranem czeka pytanie, którego nikt nie śmie zadać.")])

    await tagline(world, Locale.PL, model)

    shown = {text.locale: text.text for text in world.texts if text.current}
    assert shown == {
        Locale.EN: TAGLINES[Locale.EN],
        Locale.PL: "Za każdym ekranem czeka pytanie, którego nikt nie śmie zadać.",
    }
    write = Brief(MATRIX, Form.TAGLINE, Locale.EN, ContextTag.DEFAULT, others=(TAGLINES[Locale.EN],))
    translate = Brief(MATRIX, Form.TAGLINE, Locale.PL, ContextTag.DEFAULT, others=(TAGLINES[Locale.PL],), source=other)
    assert [prompt for prompt, _ in model.asked] == [prompts.render(write), prompts.render(translate)]


@pytest.mark.parametrize("kind", [EntityKind.MOVIE, EntityKind.PERSON])
async def test_an_english_text_that_is_missing_is_written_and_kept(world: World, kind: EntityKind) -> None:
    about = KEANU if kind is EntityKind.PERSON else MATRIX
    english, polish, german = (answer(TAGLINES[locale], about=about) for locale in (Locale.EN, Locale.PL, Locale.DE))
    await tagline(world, Locale.PL, ScriptedModel([english, polish]), kind)

    await tagline(world, Locale.DE, ScriptedModel([german]), kind)

    shown = {text.locale: text.text for text in world.texts if text.current}
    assert shown == {locale: TAGLINES[locale] for locale in (Locale.PL, Locale.EN, Locale.DE)}
    assert steps(world) == ["write", "translate", "translate"]


async def test_a_job_for_the_english_text_replaces_one_that_was_a_by_product(world: World) -> None:
    event, attempt = await world.claimed(form=Form.TAGLINE, locale=Locale.EN)
    await tagline(world, Locale.PL, ScriptedModel([ENGLISH, POLISH]))

    await world.generate([answer("Behind every screen waits a question that nobody dares to ask.")])(event, attempt)

    english = [(text.version, text.current) for text in world.texts if text.locale is Locale.EN]
    assert english == [(1, False), (2, True)]
    assert world.texts[-1].job_id == attempt.job_id


async def test_a_short_form_is_never_the_default_and_takes_no_place_in_the_rotation(world: World) -> None:
    await tagline(world, Locale.EN, ScriptedModel([ENGLISH]))
    event, attempt = await world.claimed()
    await world.generate([LONG])(event, attempt)
    world.clock.advance(1)
    later, second = await world.claimed(form=Form.SUMMARY, baseline_text_id=world.result(attempt).text_id)

    await world.generate([ENGLISH])(later, second)

    assert [world.result(one).became_default for one in (attempt, second)] == [True, False]
    assert world.result(attempt).context_tag is ContextTag.DEFAULT
    (entity,) = world.database.entities.values()
    assert entity.default_text_id == world.result(attempt).text_id


async def test_a_translation_that_fails_leaves_nothing(world: World) -> None:
    event, attempt = await world.claimed(form=Form.TAGLINE, locale=Locale.PL)
    foreign = answer(TAGLINES[Locale.DE])

    with pytest.raises(Permanent) as stopped:
        await world.generate([ENGLISH, foreign, foreign])(event, attempt)

    assert stopped.value.failure.type is FailureType.VALIDATION_ERROR
    assert world.texts == []


@pytest.mark.parametrize(
    ("fault", "left"),
    [
        ("generator.after_checkpoint=raise@1", [POLISH]),
        ("generator.before_call=raise@2", [POLISH]),
        ("generator.after_checkpoint=raise@2", []),
        ("consumer.before_commit=raise@1", []),
    ],
    ids=["first-answer", "between", "second-answer", "both"],
)
async def test_f34_no_step_that_has_an_answer_is_asked_again(world: World, fault: str, left: list[Answer]) -> None:
    event, attempt = await world.claimed(form=Form.TAGLINE, locale=Locale.PL)
    arm(fault)
    try:
        with pytest.raises(InjectedFault):
            await world.generate([ENGLISH, POLISH])(event, attempt)
    finally:
        arm("")
    model = ScriptedModel(left)

    await world.generate(model)(event, attempt)

    assert len(model.asked) == len(left)
    assert {text.locale for text in world.texts} == {Locale.EN, Locale.PL}


async def test_g3_each_step_has_calls_of_its_own(world: World) -> None:
    event, attempt = await world.claimed(form=Form.TAGLINE, locale=Locale.PL, max_attempts=1)

    await world.generate([ENGLISH, POLISH])(event, attempt)

    assert steps(world) == ["write", "translate"]


@pytest.mark.parametrize(("locked", "tag"), [(True, ContextTag.DEFAULT), (False, ContextTag.MODERN)])
async def test_with_baseline_locking_a_job_without_a_tag_renews_the_default(
    world: World, tag: ContextTag, *, locked: bool
) -> None:
    first, before = await world.claimed()
    await world.generate([LONG])(first, before)
    world.clock.advance(1)
    event, attempt = await world.claimed(baseline_text_id=world.result(before).text_id)

    await world.generate([answer(AGAIN[0])], lock_baseline=locked)(event, attempt)

    assert world.result(attempt).context_tag is tag
    assert len([text for text in world.texts if text.current]) == (1 if locked else 2)
    assert world.result(attempt).became_default is True


async def test_with_baseline_locking_another_locale_gets_a_text_of_its_own(world: World) -> None:
    first, before = await world.claimed()
    await world.generate([LONG])(first, before)
    world.clock.advance(1)
    event, attempt = await world.claimed(locale=Locale.PL, baseline_text_id=world.result(before).text_id)

    await world.generate([answer(TEXTS[Locale.PL])], lock_baseline=True)(event, attempt)

    assert len([text for text in world.texts if text.current]) == 2


@pytest.mark.parametrize("away", [False, True])
async def test_f42_what_the_model_does_not_know_fails_with_near_matches_that_are_found(
    world: World, *, away: bool
) -> None:
    for number, title in enumerate(("The Matrix Reloaded", "The Matrix Revolutions", "Amadeus")):
        world.catalog.add(
            MATRIX.model_copy(update={"tmdb_id": 700 + number, "title": title, "original_title": None, "year": 2003})
        )
    world.library.store(MATRIX)
    event, attempt = await world.claimed()
    if away:
        world.catalog.error = AWAY

    with pytest.raises(Permanent) as stopped:
        await world.generate([answer("", exists=False)])(event, attempt)

    offered = [suggestion.slug for suggestion in stopped.value.failure.suggestions]
    assert stopped.value.failure.type is FailureType.NOT_FOUND
    assert offered == ([] if away else ["the-matrix-reloaded-2003", "the-matrix-revolutions-2003"])


async def test_f42_a_person_whom_the_model_does_not_know_has_no_namesakes_here(world: World) -> None:
    world.library.store(KEANU)
    event, attempt = await world.claimed("keanu-reeves", kind=EntityKind.PERSON, form=Form.SUMMARY)

    with pytest.raises(Permanent) as stopped:
        await world.generate([answer("", exists=False)])(event, attempt)

    assert stopped.value.failure.suggestions == ()


def test_a_new_text_differs_from_what_was_in_its_place_and_from_what_stands_beside_it() -> None:
    def text(content: str, tag: ContextTag) -> Text:
        return Text(ids.row_id(), ids.row_id(), tag, content)

    shelf = Shelf(
        texts=(text("beside", ContextTag.MODERN), text("before", ContextTag.DEFAULT)),
        archived=(text("earlier", ContextTag.DEFAULT), text("elsewhere", ContextTag.MODERN)),
    )

    assert others(shelf, ContextTag.DEFAULT) == ("before", "earlier", "beside")
