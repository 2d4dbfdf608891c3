"""Short forms in the library of the generator: what its use cases rely on, on PostgreSQL and on the fakes alike."""

from dataclasses import replace

import pytest
from tests.contracts.results_stores import IDENTITY, FakeWorld, PostgresWorld, World, contents, written
from tests.unit.generator.samples import MATRIX

from generator.ports import (
    Shelf,
)
from shared.db.engine import Database
from shared.entities import ContextTag, Form, Locale, Origin


class ShortFormsContract:
    async def test_a_short_form_is_never_the_default(self, world: World) -> None:
        first = await world.tagline("A tagline.")
        described = await world.written()
        second = await world.tagline("Another tagline.")

        assert [result.became_default for result in (first, described, second)] == [False, True, False]
        assert first.entity_version < described.entity_version < second.entity_version

    async def test_a_translation_knows_its_source_and_other_forms_know_none(self, world: World) -> None:
        await world.tagline("Polski.", Locale.PL)
        await world.tagline("English.")
        long_form = replace(IDENTITY, locale=Locale.PL)

        polish, english = await world.taglines(Locale.PL), await world.taglines(Locale.EN)
        _, attempt = await world.claimed()

        assert polish.source is not None
        assert (contents(polish.texts), polish.source.text) == (["Polski."], "English.")
        assert (contents(english.texts), english.source) == (["English."], None)
        assert await world.library.shelf(attempt, long_form, MATRIX.tmdb_id) == Shelf()

    async def test_a_source_is_translated_once_into_each_locale(self, world: World) -> None:
        await world.tagline("English.")
        unused = await world.taglines(Locale.PL)
        await world.tagline("Polski.", Locale.PL)
        await world.tagline("Inaczej.", Locale.PL, "Otherwise.")

        used, elsewhere = await world.taglines(Locale.PL), await world.taglines(Locale.DE)
        await world.tagline("Anew.")
        anew = await world.taglines(Locale.PL)

        assert [shelf.source and shelf.source.text for shelf in (unused, used, elsewhere, anew)] == [
            "English.",
            None,
            "English.",
            "Anew.",
        ]
        assert contents(used.sources) == ["Otherwise.", "English."]
        assert contents(anew.sources) == ["Anew.", "Otherwise.", "English."]

    async def test_a_source_is_shown_with_its_translation_until_a_job_writes_the_text_itself(
        self, world: World
    ) -> None:
        earlier = await world.claimed("the-matrix")
        shown = await world.tagline("Polski.", Locale.PL, "By the way.")
        before = await world.taglines(Locale.EN)
        parts = Form.TAGLINE, Locale.EN, ContextTag.DEFAULT, written("On purpose.")

        result = await world.publish_draft(*earlier, *parts)

        after = await world.taglines(Locale.EN)
        assert contents(before.texts) == ["By the way."]
        assert (contents(after.texts), contents(after.archived)) == (["On purpose."], ["By the way."])
        assert result.text_id == after.texts[0].id
        assert result.entity_version > shown.entity_version

    async def test_a_source_that_comes_second_is_kept_behind_the_one_that_is_shown(self, world: World) -> None:
        await world.tagline("English.")

        await world.tagline("Polski.", Locale.PL, "By the way.")
        await world.tagline("Deutsch.", Locale.DE, "By another way.")

        english = await world.taglines(Locale.EN)
        assert (contents(english.texts), contents(english.archived)) == (
            ["English."],
            ["By another way.", "By the way."],
        )

    async def test_a_translation_that_was_overtaken_shows_its_source_neither(self, world: World) -> None:
        older = await world.claimed("the-matrix")
        newer = await world.tagline("Polski.", Locale.PL)
        parts = Form.TAGLINE, Locale.PL, ContextTag.DEFAULT, written("Za późno."), Origin.TRANSLATED, written("Late.")

        result = await world.publish_draft(*older, *parts)

        assert (result.text_id, result.entity_version) == (newer.text_id, newer.entity_version)
        assert contents((await world.taglines(Locale.EN)).archived) == ["Late."]
        assert contents((await world.taglines(Locale.EN)).texts) == []


class TestFakeShortForms(ShortFormsContract):
    @pytest.fixture
    def world(self) -> World:
        return FakeWorld()


class TestPostgresShortForms(ShortFormsContract):
    @pytest.fixture
    def world(self, database: Database) -> World:
        return PostgresWorld(database)
