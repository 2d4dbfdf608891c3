from dataclasses import replace

import pytest
from tests.support.fakes.model import ScriptedModel
from tests.unit.generator.samples import MATRIX, TEXTS, answer
from tests.unit.generator.world import TIMEOUT_S, World

from generator import prompts
from generator.ports import Answer, Brief
from shared.entities import ContextTag, Form, Locale
from shared.errors import Permanent, Transient, failure
from shared.faults import arm
from shared.jobs import FailureType

GOOD = answer(TEXTS[Locale.EN])
SHORT = answer("Short.")
FOREIGN = answer(TEXTS[Locale.DE])
BRIEF = Brief(MATRIX, Form.DESCRIPTION, Locale.EN, ContextTag.DEFAULT)
PROMPT = prompts.render(BRIEF)
BROKEN = Transient(failure(FailureType.AI_API_ERROR, "broken"))
THROTTLED = Transient(failure(FailureType.RATE_LIMITED, "throttled"), retry_after_s=3, counted=False)


async def test_a_good_answer_is_the_text(world: World) -> None:
    model = ScriptedModel([GOOD])
    _, attempt = await world.claimed()

    written = await world.writer(model)(attempt, BRIEF)

    assert (written.text, written.ai_model) == (TEXTS[Locale.EN], "gpt-4o-mini")
    assert world.calls == ["ok"]


async def test_a_bad_answer_is_repaired_with_its_problems(world: World) -> None:
    model = ScriptedModel([FOREIGN, GOOD])
    _, attempt = await world.claimed()

    written = await world.writer(model)(attempt, BRIEF)

    assert written.text == TEXTS[Locale.EN]
    assert [prompt for prompt, _ in model.asked] == [PROMPT, prompts.repair(PROMPT, ["The text is not in English."])]


async def test_two_bad_answers_are_a_failure_that_names_the_checks(world: World) -> None:
    _, attempt = await world.claimed()

    with pytest.raises(Permanent) as stopped:
        await world.writer(ScriptedModel([FOREIGN, SHORT]))(attempt, BRIEF)

    assert stopped.value.failure.type is FailureType.VALIDATION_ERROR
    assert "too_short" in stopped.value.failure.technical_message
    assert "Short." not in stopped.value.failure.technical_message


async def test_g3_a_repair_needs_a_call_that_is_left(world: World) -> None:
    model = ScriptedModel([SHORT])
    _, attempt = await world.claimed(max_attempts=1)

    with pytest.raises(Permanent) as stopped:
        await world.writer(model)(attempt, BRIEF)

    assert stopped.value.failure.type is FailureType.VALIDATION_ERROR
    assert len(model.asked) == 1


async def test_g3_a_job_without_a_call_left_makes_none(world: World) -> None:
    model = ScriptedModel([BROKEN, BROKEN])
    _, attempt = await world.claimed(max_attempts=2)
    for _ in range(2):
        with pytest.raises(Transient):
            await world.writer(model)(attempt, BRIEF)

    with pytest.raises(Permanent) as stopped:
        await world.writer(model)(attempt, BRIEF)

    assert stopped.value.failure.type is FailureType.BUDGET_EXHAUSTED
    assert len(model.asked) == 2


async def test_g3_throttled_calls_do_not_count(world: World) -> None:
    model = ScriptedModel([THROTTLED] * 5 + [GOOD])
    _, attempt = await world.claimed(max_attempts=1)
    for _ in range(5):
        with pytest.raises(Transient):
            await world.writer(model)(attempt, BRIEF)

    written = await world.writer(model)(attempt, BRIEF)

    assert written.text == TEXTS[Locale.EN]
    assert world.calls == ["throttled"] * 5 + ["ok"]


async def test_f37_a_call_that_is_not_admitted_is_not_written_down(world: World) -> None:
    model = ScriptedModel([GOOD], admission=THROTTLED)
    _, attempt = await world.claimed(max_attempts=1)

    with pytest.raises(Transient) as stopped:
        await world.writer(model)(attempt, BRIEF)

    assert stopped.value is THROTTLED
    assert (world.calls, model.asked) == ([], [])


async def test_f34_a_stored_answer_is_checked_instead_of_asked_for_again(world: World) -> None:
    _, attempt = await world.claimed()
    await world.writer(ScriptedModel([GOOD]))(attempt, BRIEF)

    written = await world.writer(ScriptedModel([]))(attempt, BRIEF)

    assert written.text == TEXTS[Locale.EN]
    assert len(world.calls) == 1


async def test_f34_a_bad_answer_is_not_asked_for_again_when_its_repair_failed(world: World) -> None:
    _, attempt = await world.claimed()
    with pytest.raises(Transient):
        await world.writer(ScriptedModel([SHORT, THROTTLED]))(attempt, BRIEF)
    model = ScriptedModel([GOOD])

    await world.writer(model)(attempt, BRIEF)

    assert len(model.asked) == 1
    assert len(model.asked[0][0].messages) == 3


async def test_a_model_that_gives_no_answer_in_time_is_a_timeout(world: World) -> None:
    _, attempt = await world.claimed()

    with pytest.raises(Transient) as stopped:
        await world.writer(ScriptedModel([TimeoutError()]))(attempt, BRIEF)

    assert (stopped.value.failure.type, stopped.value.counted) == (FailureType.TIMEOUT, True)
    assert world.calls == ["error"]


async def test_a_call_may_take_no_longer_than_the_job_has_left(world: World) -> None:
    model = ScriptedModel([GOOD, answer(TEXTS[Locale.PL])])
    _, attempt = await world.claimed()
    await world.writer(model)(attempt, BRIEF)
    world.clock.advance(590)

    await world.writer(model)(attempt, replace(BRIEF, locale=Locale.PL))

    assert [deadline_s for _, deadline_s in model.asked] == [TIMEOUT_S, 10.0]


async def test_f42_a_model_may_say_that_its_subject_does_not_exist(world: World) -> None:
    _, attempt = await world.claimed()

    with pytest.raises(Permanent) as stopped:
        await world.writer(ScriptedModel([answer("", exists=False)]))(attempt, BRIEF)

    assert stopped.value.failure.type is FailureType.NOT_FOUND


async def test_f33_an_answer_that_got_lost_is_a_timeout(world: World) -> None:
    _, attempt = await world.claimed()
    arm("generator.after_call=execute_then_raise")
    try:
        with pytest.raises(Transient) as stopped:
            await world.writer(ScriptedModel([GOOD]))(attempt, BRIEF)
    finally:
        arm("")

    assert stopped.value.failure.type is FailureType.TIMEOUT


async def test_f41_an_answer_that_was_cut_off_is_repaired(world: World) -> None:
    cut = Answer(GOOD.content, "length", GOOD.model)
    _, attempt = await world.claimed()

    written = await world.writer(ScriptedModel([cut, GOOD]))(attempt, BRIEF)

    assert written.text == TEXTS[Locale.EN]


async def test_what_was_wrong_with_each_answer_is_recorded(world: World) -> None:
    _, attempt = await world.claimed()

    with pytest.raises(Permanent):
        await world.writer(ScriptedModel([FOREIGN, SHORT]))(attempt, BRIEF)

    assert [call.problems for call in world.database.calls.values()] == [("language",), ("too_short", "subject")]


async def test_an_answer_that_was_taken_has_no_problems(world: World) -> None:
    _, attempt = await world.claimed()

    await world.writer(ScriptedModel([GOOD]))(attempt, BRIEF)

    assert [call.problems for call in world.database.calls.values()] == [None]


async def test_while_calls_are_stopped_the_model_is_not_asked(world: World) -> None:
    model = ScriptedModel([GOOD])
    _, attempt = await world.claimed()
    world.database.ai_stopped = True

    with pytest.raises(Transient) as stopped:
        await world.writer(model)(attempt, BRIEF)

    assert (stopped.value.counted, model.asked, world.calls) == (False, [], [])
