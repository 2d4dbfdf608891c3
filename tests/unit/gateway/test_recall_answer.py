"""Answers about many entities: kept, shared and never older than what was announced."""

import asyncio

from tests.support.fakes.answers import FakeAnswers

from gateway.read_ports import Representation
from gateway.usecases.recall_answer import RecallAnswer
from shared.entities import EntityKind
from shared.testing.cache import FakeCache

MOVIE = EntityKind.MOVIE
MATRIX = (MOVIE, "the-matrix-1999")


class Missing:
    """An answer that is no representation."""


class Source:
    """Reads the state of now, and hands it over when told to."""

    def __init__(self, *, missing: bool = False) -> None:
        self.state = 1
        self.reads = 0
        self.began = asyncio.Event()
        self.go_on = asyncio.Event()
        self.missing = missing

    async def read(self) -> Representation | Missing:
        self.reads += 1
        seen = self.state
        self.began.set()
        await self.go_on.wait()
        return Missing() if self.missing else Representation(f'"{seen}"', b"%d" % seen)


def recalling(cache: FakeCache) -> RecallAnswer[Missing]:
    return RecallAnswer(FakeAnswers(cache))


def tags(*answers: Representation | Missing) -> set[str]:
    return {answer.etag for answer in answers if isinstance(answer, Representation)}


async def test_1000_readers_of_one_question_cost_one_read() -> None:
    recall, source = recalling(FakeCache()), Source()
    source.go_on.set()

    answers = await asyncio.gather(*(recall(MOVIE, "newest", source.read) for _ in range(1000)))

    assert tags(*answers, await recall(MOVIE, "newest", source.read)) == {'"1"'}
    assert source.reads == 1


async def test_questions_and_kinds_do_not_share() -> None:
    recall, source = recalling(FakeCache()), Source()
    source.go_on.set()

    for kind, question in ((MOVIE, "a"), (MOVIE, "b"), (EntityKind.PERSON, "a")):
        await recall(kind, question, source.read)

    assert source.reads == 3


async def test_who_was_told_of_a_change_during_a_read_gets_what_is_new() -> None:
    cache, source = FakeCache(), Source()
    recall = recalling(cache)
    early = asyncio.create_task(recall(MOVIE, "newest", source.read))
    await source.began.wait()

    source.state = 2
    await cache.invalidate(*MATRIX, 2)
    told = [asyncio.create_task(recall(MOVIE, "newest", source.read)) for _ in range(20)]
    source.go_on.set()

    assert tags(*await asyncio.gather(*told)) == {'"2"'}
    assert tags(await early) == {'"1"'}
    assert tags(await recall(MOVIE, "newest", source.read)) == {'"2"'}
    assert source.reads == 2


async def test_what_is_no_representation_is_not_kept() -> None:
    recall, source = recalling(FakeCache()), Source(missing=True)
    source.go_on.set()

    first = await recall(MOVIE, "newest", source.read)
    source.missing = False

    assert isinstance(first, Missing)
    assert tags(await recall(MOVIE, "newest", source.read)) == {'"1"'}


async def test_while_the_cache_is_away_each_burst_is_read_at_most_twice() -> None:
    cache, source = FakeCache(), Source()
    cache.away = True
    recall = recalling(cache)
    source.go_on.set()

    burst = [recall(MOVIE, "newest", source.read) for _ in range(100)]
    assert tags(*await asyncio.gather(*burst)) == {'"1"'}
    assert source.reads <= 2

    source.state = 2
    assert tags(await recall(MOVIE, "newest", source.read)) == {'"2"'}
