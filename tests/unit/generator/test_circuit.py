import asyncio

import pytest
import structlog

from generator.adapters.circuit import FAILING_S, FAILURES_TO_OPEN, MAX_THROTTLED_S, PROBE_EVERY_S, REFUSED_S, Circuit
from shared.health import CheckStatus
from shared.testing.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def circuit(clock: FakeClock) -> Circuit:
    return Circuit(clock)


async def admissions(circuit: Circuit, clock: FakeClock, waiting: int, for_s: float) -> list[float]:
    """When each of `waiting` callers was let through, in seconds from now; only those within `for_s`."""
    start, times = clock.monotonic(), list[float]()

    async def enter() -> None:
        await circuit.admitted()
        times.append(clock.monotonic() - start)

    callers = [asyncio.create_task(enter()) for _ in range(waiting)]
    await asyncio.wait(callers, timeout=0.01)
    while clock.monotonic() - start < for_s:
        clock.advance(0.5)
        await asyncio.wait(callers, timeout=0.001)
    for caller in callers:
        caller.cancel()
    await asyncio.gather(*callers, return_exceptions=True)
    return times


async def test_a_closed_circuit_lets_everybody_through(circuit: Circuit, clock: FakeClock) -> None:
    assert await admissions(circuit, clock, 50, 0.5) == [0.0] * 50
    assert await circuit.status() is CheckStatus.OK


async def test_f38_it_opens_after_failures_in_a_row_and_then_lets_one_a_second_try(
    circuit: Circuit, clock: FakeClock
) -> None:
    for _ in range(FAILURES_TO_OPEN):
        circuit.failed()

    times = await admissions(circuit, clock, 32, FAILING_S[0] + 3 * PROBE_EVERY_S)

    assert [FAILING_S[0] <= at for at in times] == [True] * len(times)
    assert len(times) == 4
    assert await circuit.status() is CheckStatus.DEGRADED


async def test_f38_fewer_failures_or_an_answer_between_leave_it_closed(circuit: Circuit, clock: FakeClock) -> None:
    for _ in range(FAILURES_TO_OPEN - 1):
        circuit.failed()
    circuit.answered()
    circuit.failed()

    assert await admissions(circuit, clock, 3, 0.5) == [0.0] * 3


async def test_f38_a_failed_probe_makes_the_pause_longer_and_calls_under_way_do_not(
    circuit: Circuit, clock: FakeClock
) -> None:
    pauses: list[float] = []
    for _ in range(FAILURES_TO_OPEN + 20):
        circuit.failed()
    for _ in range(6):
        pauses.append(circuit.pause_s)
        clock.advance(circuit.pause_s)
        circuit.failed()

    assert pauses == [*FAILING_S, FAILING_S[-1]]


async def test_f40_a_refused_key_pauses_everybody_and_is_an_error_once_per_episode(
    circuit: Circuit, clock: FakeClock
) -> None:
    with structlog.testing.capture_logs() as logs:
        pauses = [circuit.refused(401), circuit.refused(401)]
        times = await admissions(circuit, clock, 32, REFUSED_S[0])
        clock.advance(PROBE_EVERY_S)
        pauses.append(circuit.refused(403))
        circuit.answered()
        circuit.refused(401)

    assert pauses == [REFUSED_S[0], REFUSED_S[0], REFUSED_S[1]]
    assert times == [REFUSED_S[0]]
    assert [log["status"] for log in logs if log["log_level"] == "error"] == [401, 401]


async def test_an_answer_closes_it_for_those_who_wait(circuit: Circuit, clock: FakeClock) -> None:
    circuit.refused(401)
    waiting = asyncio.create_task(admissions(circuit, clock, 32, 1.5))
    await asyncio.wait({waiting}, timeout=0.005)

    circuit.answered()

    assert len(await waiting) == 32
    assert await circuit.status() is CheckStatus.OK


@pytest.mark.parametrize(("asked_s", "pause_s"), [(7.0, 7.0), (900.0, MAX_THROTTLED_S), (None, PROBE_EVERY_S)])
async def test_f37_a_limit_is_waited_out_by_all_and_then_nobody_probes(
    circuit: Circuit, clock: FakeClock, asked_s: float | None, pause_s: float
) -> None:
    circuit.throttled(asked_s)
    circuit.throttled(0.0)

    times = await admissions(circuit, clock, 32, pause_s + 1)

    assert len(times) == 32
    assert min(times) >= pause_s
