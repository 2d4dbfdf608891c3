import asyncio

from shared.messaging.gate import Gate


async def test_at_most_capacity_are_inside() -> None:
    gate, inside, most = Gate(3), 0, 0
    leave = asyncio.Event()

    async def visit() -> None:
        nonlocal inside, most
        async with gate.enter():
            inside += 1
            most = max(most, inside)
            await leave.wait()
            inside -= 1

    visits = [asyncio.create_task(visit()) for _ in range(10)]
    while most < 3:
        await asyncio.wait(visits, timeout=0.01)
    leave.set()
    await asyncio.gather(*visits)

    assert most == 3


async def test_one_that_is_alone_waits_for_the_others_and_keeps_them_out() -> None:
    gate, log = Gate(2), list[str]()
    first_may_leave, alone_may_leave = asyncio.Event(), asyncio.Event()

    async def visit(name: str, *, alone: bool, leave: asyncio.Event) -> None:
        async with gate.enter(alone=alone):
            log.append(f"{name} in")
            await leave.wait()
            log.append(f"{name} out")

    first = asyncio.create_task(visit("first", alone=False, leave=first_may_leave))
    await asyncio.wait({first}, timeout=0.01)
    alone = asyncio.create_task(visit("alone", alone=True, leave=alone_may_leave))
    await asyncio.wait({alone}, timeout=0.01)
    later = asyncio.create_task(visit("later", alone=False, leave=first_may_leave))
    await asyncio.wait({later}, timeout=0.01)
    first_may_leave.set()
    await asyncio.wait({alone}, timeout=0.01)
    alone_may_leave.set()
    await asyncio.gather(first, alone, later)

    assert log == ["first in", "first out", "alone in", "alone out", "later in", "later out"]


async def test_a_cancelled_wait_keeps_nobody_out() -> None:
    gate, leave = Gate(1), asyncio.Event()

    async def visit(*, alone: bool) -> None:
        async with gate.enter(alone=alone):
            await leave.wait()

    first = asyncio.create_task(visit(alone=False))
    await asyncio.wait({first}, timeout=0.01)
    alone = asyncio.create_task(visit(alone=True))
    await asyncio.wait({alone}, timeout=0.01)
    alone.cancel()
    await asyncio.gather(alone, return_exceptions=True)
    leave.set()

    await asyncio.wait_for(visit(alone=False), 1)
    await first


async def test_nobody_enters_before_it_makes_sense() -> None:
    admitted = asyncio.Event()
    gate, inside = Gate(2, lambda: _until(admitted)), asyncio.Event()

    async def visit() -> None:
        async with gate.enter():
            inside.set()

    visitor = asyncio.create_task(visit())
    await asyncio.wait({visitor}, timeout=0.01)
    entered_early = inside.is_set()
    admitted.set()
    await asyncio.wait_for(visitor, 1)

    assert (entered_early, inside.is_set()) == (False, True)


async def _until(event: asyncio.Event) -> None:
    await event.wait()


async def test_dismissing_ends_the_waits_outside_and_leaves_who_is_inside() -> None:
    gate, leave = Gate(1), asyncio.Event()

    async def visit() -> None:
        async with gate.enter():
            await leave.wait()

    first = asyncio.create_task(visit())
    await asyncio.wait({first}, timeout=0.01)
    waiting = asyncio.create_task(visit())
    await asyncio.wait({waiting}, timeout=0.01)
    gate.dismiss()
    await asyncio.wait({first, waiting}, timeout=0.01)
    ended = first.done(), waiting.cancelled()
    leave.set()
    await asyncio.wait_for(first, 1)

    assert ended == (False, True)
