"""Library and call journal of the generator: what its use cases rely on, on PostgreSQL and on the fakes alike."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from tests.contracts.results_stores import (
    ANSWER,
    BROKEN,
    IDENTITY,
    PROMPT,
    SLUG,
    THROTTLED,
    FakeWorld,
    PostgresWorld,
    World,
    contents,
)
from tests.unit.generator.samples import MATRIX

from generator.ports import (
    Call,
    Spent,
    Step,
)
from shared import ids
from shared.db.engine import Database
from shared.entities import ContextTag, EntityKind, Locale
from shared.errors import LeaseLost


class ResultsStoreContract:
    async def test_nothing_is_known_at_first(self, world: World) -> None:
        _, attempt = await world.claimed()

        assert await world.library.find(MATRIX.kind, SLUG, None) is None
        assert await world.library.find(MATRIX.kind, SLUG, ids.row_id()) is None
        assert await world.library.find_by_tmdb(MATRIX.kind, MATRIX.tmdb_id) is None
        assert await world.library.free_slug(MATRIX) == SLUG
        assert (await world.library.shelf(attempt, IDENTITY, MATRIX.tmdb_id)).texts == ()

    async def test_the_first_text_brings_its_entity_along_and_is_the_default(self, world: World) -> None:
        result = await world.written()

        known = await world.library.find(MATRIX.kind, SLUG, None)
        assert known is not None
        assert known == await world.library.find_by_tmdb(MATRIX.kind, MATRIX.tmdb_id)
        assert known == await world.library.find(MATRIX.kind, "other", known.entity_id)
        assert await world.library.find(EntityKind.PERSON, SLUG, None) is None
        assert (known.entity_id, known.slug, known.complete) == (result.entity_id, result.slug, True)
        assert (known.facts.title, known.facts.director) == (MATRIX.title, MATRIX.director)
        assert result.became_default is True

    async def test_a_slug_in_use_is_not_free(self, world: World) -> None:
        await world.written()

        namesake = MATRIX.model_copy(update={"tmdb_id": 999})

        assert await world.library.free_slug(namesake) == "the-matrix-1999-lana-wachowski"

    async def test_a_shelf_shows_current_texts_newest_first(self, world: World) -> None:
        first = await world.written(ContextTag.DEFAULT)
        second = await world.written(ContextTag.MODERN)
        third = await world.written(ContextTag.DEFAULT)
        _, attempt = await world.claimed()

        shelf = await world.library.shelf(attempt, IDENTITY, MATRIX.tmdb_id)

        assert [text.id for text in shelf.texts] == [third.text_id, second.text_id]
        assert first.text_id not in {text.id for text in shelf.texts}
        assert shelf.twin is None
        other = replace(IDENTITY, locale=Locale.PL)
        assert (await world.library.shelf(attempt, other, MATRIX.tmdb_id)).texts == ()

    async def test_versions_of_the_entity_grow_with_every_visible_text(self, world: World) -> None:
        versions = [(await world.written(tag)).entity_version for tag in ContextTag]

        assert versions == sorted(set(versions))

    async def test_the_default_moves_only_from_the_baseline(self, world: World) -> None:
        first = await world.written(ContextTag.DEFAULT)

        moved = await world.written(ContextTag.MODERN, baseline=first.text_id)
        late = await world.written(ContextTag.CRITICAL, baseline=first.text_id)
        unseen = await world.written(ContextTag.HUMOROUS)

        assert [result.became_default for result in (moved, late, unseen)] == [True, False, False]

    async def test_the_successor_of_the_default_in_its_slot_is_the_default(self, world: World) -> None:
        await world.written(ContextTag.DEFAULT)

        assert (await world.written(ContextTag.DEFAULT)).became_default is True

    async def test_f46_a_text_that_was_overtaken_is_not_shown(self, world: World) -> None:
        older = await world.claimed(tag=None)
        newer = await world.written(ContextTag.DEFAULT)

        result = await world.publish(*older)

        assert (result.text_id, result.entity_version) == (newer.text_id, newer.entity_version)
        assert result.became_default is False

    async def test_an_identity_is_held_by_one_active_job(self, world: World) -> None:
        event, holder = await world.claimed(SLUG)
        _, other = await world.claimed("the-matrix")

        refused = await world.library.adopt(other, IDENTITY)
        await world.publish(event, holder)
        taken = await world.library.adopt(other, IDENTITY)

        assert (refused, taken) == (False, True)

    async def test_a_text_of_the_same_identity_written_since_is_a_twin(self, world: World) -> None:
        event, holder = await world.claimed(SLUG)
        _, other = await world.claimed("the-matrix")
        _, tagged = await world.claimed(tag=ContextTag.MODERN)
        written = await world.publish(event, holder)

        shelf = await world.library.shelf(other, IDENTITY, MATRIX.tmdb_id)

        assert shelf.twin is not None
        assert shelf.twin.id == written.text_id
        of_a_tag = replace(IDENTITY, context_tag=ContextTag.MODERN)
        assert (await world.library.shelf(tagged, of_a_tag, MATRIX.tmdb_id)).twin is None
        _, later = await world.claimed(SLUG)
        assert (await world.library.shelf(later, IDENTITY, MATRIX.tmdb_id)).twin is None

    async def test_a_shelf_holds_the_last_four_archived_texts_of_each_tag(self, world: World) -> None:
        for number in range(7):
            await world.publish(*await world.claimed(), ContextTag.MODERN, f"modern {number}")
        for number in range(2):
            await world.publish(*await world.claimed(), ContextTag.DEFAULT, f"default {number}")
        _, attempt = await world.claimed()

        shelf = await world.library.shelf(attempt, IDENTITY, MATRIX.tmdb_id)

        assert contents(shelf.texts) == ["default 1", "modern 6"]
        assert contents(shelf.archived) == ["default 0", "modern 5", "modern 4", "modern 3", "modern 2"]

    async def test_a_twin_ends_the_job(self, world: World) -> None:
        event, holder = await world.claimed(SLUG)
        waiting, other = await world.claimed("the-matrix")
        written = await world.publish(event, holder)
        shelf = await world.library.shelf(other, IDENTITY, MATRIX.tmdb_id)
        assert shelf.twin is not None

        await world.library.share(other, waiting, shelf.twin)

        assert await world.result(other) == written

    async def test_f36_a_lost_attempt_changes_nothing(self, world: World) -> None:
        await world.written()
        event, attempt = await world.claimed()
        await world.cancel(attempt)
        before = await world.library.shelf(attempt, IDENTITY, MATRIX.tmdb_id)
        attempts: list[Callable[[], Awaitable[object]]] = [
            lambda: world.publish(event, attempt),
            lambda: world.library.share(attempt, event, before.texts[0]),
            lambda: world.library.adopt(attempt, IDENTITY),
            lambda: world.journal.begin(attempt, PROMPT, "m", Step.WRITE),
        ]

        for write in attempts:
            with pytest.raises(LeaseLost):
                await write()

        assert await world.library.shelf(attempt, IDENTITY, MATRIX.tmdb_id) == before
        assert await world.result(attempt) is None

    async def test_g3_calls_are_limited_by_the_attempts_of_the_job(self, world: World) -> None:
        _, attempt = await world.claimed()

        calls = [await world.journal.begin(attempt, PROMPT, "m", Step.WRITE) for _ in range(4)]

        assert [call is None for call in calls] == [False, False, False, True]
        assert isinstance(calls[0], Call)
        assert 0 < calls[0].seconds_left <= 600
        assert calls[0].attempt == attempt

    async def test_g3_only_throttled_calls_do_not_count(self, world: World) -> None:
        _, attempt = await world.claimed()
        for _ in range(5):
            throttled = await world.journal.begin(attempt, PROMPT, "m", Step.WRITE)
            assert isinstance(throttled, Call)
            await world.journal.failed(throttled, THROTTLED, counted=False)

        begun = 0
        while isinstance(call := await world.journal.begin(attempt, PROMPT, "m", Step.WRITE), Call):
            await world.journal.failed(call, BROKEN)
            begun += 1

        assert begun == attempt.max_attempts
        assert call is None

    async def test_f34_an_answer_is_kept_as_it_came_and_given_instead_of_a_second_call(self, world: World) -> None:
        _, attempt = await world.claimed()
        _, of_another_job = await world.claimed("the-matrix")
        call = await world.journal.begin(attempt, PROMPT, "m", Step.WRITE)
        assert isinstance(call, Call)

        await world.journal.answered(call, ANSWER, Spent(1, 2))

        assert await world.journal.begin(attempt, PROMPT, "m", Step.WRITE) == ANSWER
        assert isinstance(await world.journal.begin(attempt, replace(PROMPT, messages=()), "m", Step.WRITE), Call)
        assert isinstance(await world.journal.begin(of_another_job, PROMPT, "m", Step.WRITE), Call)

    async def test_what_begins_together_is_counted_apart(self, world: World) -> None:
        attempts = [(await world.claimed(slug))[1] for slug in (SLUG, "the-matrix", "matrix")]
        lost = replace(attempts[0], token=ids.job_id())

        begun = await asyncio.gather(
            *(world.journal.begin(attempt, PROMPT, "m", Step.WRITE) for attempt in (*attempts, lost)),
            return_exceptions=True,
        )

        assert [call.attempt for call in begun[:3] if isinstance(call, Call)] == attempts
        assert isinstance(begun[3], LeaseLost)


class TestFakeResultsStore(ResultsStoreContract):
    @pytest.fixture
    def world(self) -> World:
        return FakeWorld()


class TestPostgresResultsStore(ResultsStoreContract):
    @pytest.fixture
    def world(self, database: Database) -> World:
        return PostgresWorld(database)

    async def test_every_done_job_tells_others_once(self, world: World) -> None:
        assert isinstance(world, PostgresWorld)
        await world.written()
        await world.written(ContextTag.MODERN)

        assert await world.completions() == 2
