"""Many questions, one round trip.

Nothing waits for company: the first question is asked at once, and those that arrive while it is being answered go together with the
next call. Under load the calls grow, alone each question costs what it always did. The idea is group commit (DeWitt et al.,
"Implementation Techniques for Main Memory Database Systems", 1984), and for reads Facebook's DataLoader.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


class Batches(Generic[Q, A]):
    """Answers each question by a call of `ask` that started after the question arrived: an answer is never older than its question.

    `ask` gets at most `limit` questions in the order they came, and returns one answer for each. What it raises, all of its callers
    get. A caller that gives up takes nobody with it. At most `calls` calls run at a time, and how many questions wait is bounded by
    those who ask.
    """

    def __init__(self, ask: Callable[[Sequence[Q]], Awaitable[Sequence[A]]], *, limit: int, calls: int = 1) -> None:
        self._ask = ask
        self._limit = limit
        self._calls = calls
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._running = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def __call__(self, question: Q) -> A:
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        if self._running < self._calls:
            self._running += 1
            task = asyncio.create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await answer

    async def _work(self) -> None:
        """Call until nobody waits. As a task of its own it starts after whoever arrives in the same turn of the loop.

        It counts itself out in the same step in which it sees nobody waiting: whoever comes later starts the next.
        """
        try:
            while self._waiting:
                taken, self._waiting = self._waiting[: self._limit], self._waiting[self._limit :]
                await self._answer([(question, answer) for question, answer in taken if not answer.done()])
        finally:
            self._running -= 1

    async def _answer(self, asked: Sequence[tuple[Q, asyncio.Future[A]]]) -> None:
        if not asked:
            return
        try:
            answers = list(zip(asked, await self._ask([question for question, _ in asked]), strict=True))
        except asyncio.CancelledError:
            for _, answer in asked:
                answer.cancel()
            raise
        except Exception as error:  # noqa: BLE001 (handed to those who asked)
            for _, answer in asked:
                if not answer.done():
                    answer.set_exception(error)
            return
        for (_, answer), given in answers:
            if not answer.done():
                answer.set_result(given)
