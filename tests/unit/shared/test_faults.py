import asyncio
from collections.abc import Iterator

import pytest

from shared.errors import Unavailable
from shared.faults import CRASH_POINTS, LOST_ANSWERS, InjectedFault, Mode, arm, crash_point, modes, witness


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    arm("")


async def test_a_point_does_nothing_unless_armed() -> None:
    await crash_point("generator.after_call")


async def test_raise_raises_at_the_named_pass_only() -> None:
    arm("generator.after_call=raise@2")

    await crash_point("generator.after_call")
    with pytest.raises(InjectedFault):
        await crash_point("generator.after_call")
    await crash_point("generator.after_call")


async def test_execute_then_raise_says_what_the_caller_is_told_of_a_lost_answer() -> None:
    arm("relay.after_confirm=execute_then_raise")

    with pytest.raises(Unavailable, match="rabbitmq"):
        await crash_point("relay.after_confirm")


def test_only_points_after_an_operation_can_lose_its_answer() -> None:
    assert set(LOST_ANSWERS) <= {point for point in CRASH_POINTS if ".after_" in point}
    assert {point for point in CRASH_POINTS if Mode.EXECUTE_THEN_RAISE in modes(point)} == set(LOST_ANSWERS)


async def test_a_point_leaves_a_line_on_stderr_before_it_acts(capfd: pytest.CaptureFixture[str]) -> None:
    arm("sync.before_call=raise")

    with pytest.raises(InjectedFault):
        await crash_point("sync.before_call")

    assert capfd.readouterr().err == witness("sync.before_call", "raise") + "\n"


async def test_hang_hangs() -> None:
    arm("gateway.before_commit=hang")

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(crash_point("gateway.before_commit"), 0.01)


@pytest.mark.parametrize(
    "spec", ["nowhere=raise", "generator.after_call=explode", "relay.before_commit=execute_then_raise"]
)
def test_an_unknown_point_or_mode_is_refused(spec: str) -> None:
    with pytest.raises(ValueError, match=r"unknown|not a valid|follows no operation"):
        arm(spec)
