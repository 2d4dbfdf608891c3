import asyncio
from collections.abc import Iterator

import pytest

from shared.faults import InjectedFault, arm, crash_point


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


async def test_execute_then_raise_looks_like_a_timeout() -> None:
    arm("relay.after_confirm=execute_then_raise")

    with pytest.raises(TimeoutError):
        await crash_point("relay.after_confirm")


async def test_hang_hangs() -> None:
    arm("gateway.before_commit=hang")

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(crash_point("gateway.before_commit"), 0.01)


@pytest.mark.parametrize(
    "spec", ["nowhere=raise", "generator.after_call=explode", "relay.before_commit=execute_then_raise"]
)
def test_an_unknown_point_or_mode_is_refused(spec: str) -> None:
    with pytest.raises(ValueError, match=r"unknown|not a valid|wraps no operation"):
        arm(spec)
