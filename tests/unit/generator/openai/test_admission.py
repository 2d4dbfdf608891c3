"""When a call may be made: limits, circuits and routes together."""

import pytest
from tests.support.calls import a_call
from tests.unit.generator.openai.provider import MODEL, PROMPT, answering, model

from generator.adapters.circuit import REFUSED_S
from generator.adapters.circuits import Circuits
from generator.adapters.rate_limiter import MAX_WAIT_S, RateLimiter
from generator.routing import ModelRoutes
from shared.entities import Form
from shared.errors import Transient
from shared.jobs import FailureType
from shared.testing.clock import FakeClock


async def test_f37_a_used_up_limit_sends_the_job_back_and_makes_the_others_wait() -> None:
    clock = FakeClock()
    circuits = Circuits(clock, [MODEL])
    limiter = RateLimiter(None, clock, endpoint="e", worker="w", requests_per_minute=1)
    subject = model(answering(200), circuits, clock=clock, limiter=limiter)
    attempt = a_call().attempt

    await subject.admitted(PROMPT, attempt)
    with pytest.raises(Transient) as stopped:
        await subject.admitted(PROMPT, attempt)

    error = stopped.value
    assert (error.failure.type, error.counted) == (FailureType.RATE_LIMITED, False)
    assert error.retry_after_s is not None
    assert error.retry_after_s > MAX_WAIT_S
    assert circuits.of(MODEL).pause_s == error.retry_after_s


async def test_f38_a_job_of_a_resting_model_is_sent_back_before_anything_is_written_down() -> None:
    clock = FakeClock()
    circuits = Circuits(clock, [MODEL, "short"])
    subject = model(answering(200), circuits, clock=clock)
    subject_of_short_texts = model(answering(200), circuits, clock=clock, routes=ModelRoutes(MODEL, short="short"))
    circuits.of(MODEL).refused(401)

    with pytest.raises(Transient) as stopped:
        await subject.admitted(PROMPT, a_call().attempt)
    await subject_of_short_texts.admitted(PROMPT, a_call(Form.TAGLINE).attempt)

    assert (stopped.value.counted, stopped.value.retry_after_s) == (False, REFUSED_S[0])


def test_the_journal_is_told_the_model_that_the_job_asks() -> None:
    subject = model(answering(200), routes=ModelRoutes(MODEL, short="short"))

    assert subject.name(a_call().attempt) == MODEL
    assert subject.name(a_call(Form.SUMMARY).attempt) == "short"
