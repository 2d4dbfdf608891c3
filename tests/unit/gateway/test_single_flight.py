"""Who shares a read with whom."""

import asyncio

from gateway.usecases.single_flight import SingleFlight


class Source:
    """Reads that end when told to; each knows its number."""

    def __init__(self, *, current: bool) -> None:
        self.current = current
        self.started = 0
        self.go_on = asyncio.Event()
        self.error: Exception | None = None

    async def read(self) -> tuple[int, bool]:
        self.started += 1
        number = self.started
        await self.go_on.wait()
        if self.error:
            raise self.error
        return number, self.current


async def nothing() -> None:
    pass


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(5):
        await asyncio.create_task(nothing())


async def readers(flight: SingleFlight[int], source: Source, count: int) -> list[asyncio.Task[int]]:
    found = [asyncio.create_task(flight("key", source.read)) for _ in range(count)]
    await settle()
    return found


async def test_a_current_result_serves_everyone_who_came_meanwhile() -> None:
    flight, source = SingleFlight[int](), Source(current=True)
    tasks = await readers(flight, source, 10)

    source.go_on.set()

    assert set(await asyncio.gather(*tasks)) == {1}


async def test_a_result_that_may_be_old_serves_only_who_began_it_and_the_others_share_the_next() -> None:
    flight, source = SingleFlight[int](), Source(current=False)
    tasks = await readers(flight, source, 10)

    source.go_on.set()

    assert await asyncio.gather(*tasks) == [1, *[2] * 9]


async def test_keys_do_not_share() -> None:
    flight, source = SingleFlight[int](), Source(current=True)
    source.go_on.set()

    await asyncio.gather(flight("a", source.read), flight("b", source.read))

    assert source.started == 2


async def test_a_reader_who_leaves_takes_nothing_from_the_others() -> None:
    flight, source = SingleFlight[int](), Source(current=True)
    tasks = await readers(flight, source, 3)

    tasks[0].cancel()
    await settle()
    source.go_on.set()

    assert await asyncio.gather(*tasks[1:]) == [1, 1]


async def test_a_failed_read_fails_its_readers_and_is_forgotten() -> None:
    flight, source = SingleFlight[int](), Source(current=True)
    source.error = ConnectionError("away")
    tasks = await readers(flight, source, 3)
    source.go_on.set()

    assert {type(one) for one in await asyncio.gather(*tasks, return_exceptions=True)} == {ConnectionError}

    source.error = None
    assert await flight("key", source.read) == 2


async def test_the_next_reader_reads_anew() -> None:
    flight, source = SingleFlight[int](), Source(current=True)
    source.go_on.set()

    assert [await flight("key", source.read) for _ in range(2)] == [1, 2]
