import asyncio
from collections.abc import Sequence

import pytest

from shared.batching import Batches


class Oracle:
    """Answers a number with its double, once it is let; remembers what was asked together."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.answering = asyncio.Event()
        self.answering.set()

    async def __call__(self, questions: Sequence[int]) -> list[int]:
        self.calls.append(list(questions))
        await self.answering.wait()
        if 13 in questions:
            raise LookupError("unlucky")
        return [2 * question for question in questions]


async def turns(count: int = 5) -> None:
    """Let everything that can run do so."""
    for _ in range(count):
        await asyncio.get_running_loop().run_in_executor(None, lambda: None)


async def test_one_question_is_asked_at_once() -> None:
    oracle = Oracle()

    assert await Batches(oracle, limit=8)(4) == 8

    assert oracle.calls == [[4]]


async def test_what_arrives_during_a_call_goes_together_into_the_next_in_order() -> None:
    oracle = Oracle()
    ask = Batches(oracle, limit=2)
    oracle.answering.clear()
    first = asyncio.create_task(ask(1))
    await turns()
    later = [asyncio.create_task(ask(number)) for number in (2, 3, 4)]
    await turns()

    oracle.answering.set()

    assert await asyncio.gather(first, *later) == [2, 4, 6, 8]
    assert oracle.calls == [[1], [2, 3], [4]]


async def test_a_question_asked_when_the_last_answer_has_just_come_is_answered_too() -> None:
    ask = Batches(Oracle(), limit=8)

    async def one_after_the_other() -> list[int]:
        return [await ask(number) for number in range(14, 64)]

    async with asyncio.timeout(5):
        answers = await asyncio.gather(*(one_after_the_other() for _ in range(7)))

    assert answers == [[2 * number for number in range(14, 64)]] * 7


async def test_what_a_call_raises_its_callers_get_and_nobody_else() -> None:
    oracle = Oracle()
    ask = Batches(oracle, limit=8)
    oracle.answering.clear()
    lucky = asyncio.create_task(ask(1))
    await turns()
    unlucky = [asyncio.create_task(ask(number)) for number in (13, 2)]
    await turns()
    oracle.answering.set()

    outcomes = await asyncio.gather(lucky, *unlucky, return_exceptions=True)

    assert outcomes[0] == 2
    assert [type(outcome) for outcome in outcomes[1:]] == [LookupError, LookupError]
    assert await ask(3) == 6


async def test_a_caller_that_gives_up_takes_nobody_with_it() -> None:
    oracle = Oracle()
    ask = Batches(oracle, limit=8)
    oracle.answering.clear()
    impatient, patient = asyncio.create_task(ask(1)), asyncio.create_task(ask(2))
    await turns()
    impatient.cancel()
    await turns()

    oracle.answering.set()

    assert await patient == 4
    with pytest.raises(asyncio.CancelledError):
        await impatient


async def test_at_most_so_many_calls_run_at_a_time() -> None:
    oracle = Oracle()
    ask = Batches(oracle, limit=1, calls=2)
    oracle.answering.clear()
    asked = [asyncio.create_task(ask(number)) for number in range(4)]
    await turns()
    running = list(oracle.calls)

    oracle.answering.set()

    assert await asyncio.gather(*asked) == [0, 2, 4, 6]
    assert running == [[0], [1]]
