import asyncio

import pytest

from generator.adapters.circuit import PROBE_EVERY_S, REFUSED_S
from generator.adapters.circuits import Circuits
from shared.errors import Transient
from shared.health import CheckStatus
from shared.testing.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


async def waits(circuits: Circuits) -> bool:
    """Whether an attempt has to wait at the door."""
    entering = asyncio.create_task(circuits.admitted())
    done, _ = await asyncio.wait({entering}, timeout=0.01)
    entering.cancel()
    return not done


async def test_f38_the_jobs_of_one_model_wait_at_the_door_and_are_not_sent_away(clock: FakeClock) -> None:
    circuits = Circuits(clock, ["a"])
    circuits.of("a").refused(401)

    circuits.enter("a")

    assert await waits(circuits)


async def test_f38_an_outage_of_one_model_keeps_no_job_from_another(clock: FakeClock) -> None:
    circuits = Circuits(clock, ["a", "b"])
    circuits.of("a").refused(401)

    with pytest.raises(Transient) as stopped:
        circuits.enter("a")
    circuits.enter("b")

    assert (stopped.value.counted, stopped.value.retry_after_s) == (False, REFUSED_S[0])
    assert not await waits(circuits)
    assert await circuits.status() is CheckStatus.DEGRADED


async def test_f38_after_a_pause_one_job_a_second_tries_the_model(clock: FakeClock) -> None:
    circuits = Circuits(clock, ["a", "b"])
    circuits.of("a").refused(401)
    clock.advance(REFUSED_S[0])

    circuits.enter("a")
    with pytest.raises(Transient) as stopped:
        circuits.enter("a")

    assert stopped.value.retry_after_s == PROBE_EVERY_S


async def test_f38_everybody_waits_while_no_model_can_be_asked(clock: FakeClock) -> None:
    circuits = Circuits(clock, ["a", "b"])
    for model in ("a", "b"):
        circuits.of(model).refused(401)

    assert await waits(circuits)
