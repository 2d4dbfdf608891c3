"""Stored entities: what the gateway's use cases read of them, on PostgreSQL and on the fake alike."""

from abc import abstractmethod
from typing import Protocol
from uuid import UUID

import pytest
from sqlalchemy import insert
from tests.support.fakes.entities import FakeEntities
from tests.support.fakes.library import FakeLibrary
from tests.support.jobs import store_generation

from gateway.adapters.postgres_entities import PostgresEntities
from gateway.ports import EntityIndex, TextIndex
from gateway.read_ports import Entities, ShortText, Spelling
from generator.adapters.postgres_results import PostgresLibrary
from generator.ports import Draft, Library, Subject, Written
from shared import ids
from shared.clock import SystemClock
from shared.db.attempts import PostgresAttempts
from shared.db.engine import Database, Transaction
from shared.db.facts import create_entity
from shared.db.tables import slug_aliases
from shared.entities import ContextTag, EntityKind, Facts, Form, Locale, MovieDetails
from shared.events import GenerationRequested
from shared.jobs import Attempt, AttemptPolicy
from shared.messaging.consume import Attempts
from shared.testing.attempts import FakeAttempts
from shared.testing.clock import START, FakeClock
from shared.testing.database import FakeDatabase
from shared.topology import GENERATION_REQUESTS

MOVIE, POLICY = EntityKind.MOVIE, AttemptPolicy()
MATRIX = Facts(kind=MOVIE, tmdb_id=603, title="The Matrix", year=1999, genres=("Action",), details=MovieDetails())
DUNE_1984 = Facts(kind=MOVIE, tmdb_id=841, title="Dune", year=1984, details=MovieDetails())
DUNE_2021 = Facts(kind=MOVIE, tmdb_id=438631, title="Dune", year=2021, details=MovieDetails())

UNDATED = Facts(kind=MOVIE, tmdb_id=9, title="Dune", details=MovieDetails())


class Reader(Entities, EntityIndex, TextIndex, Protocol):
    """The three ports of one adapter."""


class World:
    """The reader, and the writers that leave something to read."""

    reader: Reader
    library: Library
    attempts: Attempts

    @abstractmethod
    async def store(self, facts: Facts) -> UUID: ...

    @abstractmethod
    async def alias(self, slug: str, entity_id: UUID) -> None: ...

    @abstractmethod
    async def accept(self, tag: ContextTag) -> GenerationRequested: ...

    async def write(self, entity_id: UUID, tag: ContextTag, text: str, form: Form = Form.DESCRIPTION) -> None:
        event = await self.accept(tag)
        attempt = await self.attempts.claim(event)
        assert isinstance(attempt, Attempt)
        subject = Subject(event.slug, MATRIX, fresh=False, entity_id=entity_id)
        await self.library.publish(
            attempt, event, Draft(subject, form, Locale.EN, tag, Written(text, "m", "v1", "0" * 64))
        )


class FakeWorld(World):
    def __init__(self) -> None:
        self._clock = FakeClock()
        self._database = FakeDatabase(self._clock)
        self._library = self.library = FakeLibrary(self._database)
        self.reader = FakeEntities(self._database)
        self.attempts = FakeAttempts(self._database, "generator", GENERATION_REQUESTS.name, POLICY)

    async def store(self, facts: Facts) -> UUID:
        return self._library.store(facts).id

    async def alias(self, slug: str, entity_id: UUID) -> None:
        self._database.aliases[MOVIE, slug] = entity_id

    async def accept(self, tag: ContextTag) -> GenerationRequested:
        event = GenerationRequested(
            event_id=ids.row_id(),
            occurred_at=START,
            entity_kind=MOVIE,
            job_id=ids.job_id(),
            slug="the-matrix-1999",
            form=Form.DESCRIPTION,
            locale=Locale.EN,
            context_tag=tag,
        )
        self._database.accept(event)
        return event


class PostgresWorld(World):
    def __init__(self, database: Database) -> None:
        self._database = database
        self.library = PostgresLibrary(database)
        self.reader = PostgresEntities(database, SystemClock())
        self.attempts = PostgresAttempts(database, "generator", GENERATION_REQUESTS.name, POLICY)

    async def store(self, facts: Facts) -> UUID:
        async def work(tx: Transaction) -> UUID:
            return (await create_entity(tx, facts)).id

        return await self._database.run(work)

    async def alias(self, slug: str, entity_id: UUID) -> None:
        async def work(tx: Transaction) -> None:
            await tx.execute(insert(slug_aliases).values(kind=MOVIE, slug=slug, entity_id=entity_id))

        await self._database.run(work)

    async def accept(self, tag: ContextTag) -> GenerationRequested:
        event = (await store_generation(self._database, tag=tag)).event
        assert isinstance(event, GenerationRequested)
        return event


class EntitiesContract:
    async def test_nothing_is_known_of_what_is_not_stored(self, world: World) -> None:
        await world.store(MATRIX)

        assert await world.reader.named(MOVIE, "heat-1995") is None
        assert await world.reader.named(EntityKind.PERSON, "the-matrix-1999") is None
        assert await world.reader.resolve(MOVIE, "heat-1995") is None
        assert await world.reader.by_id(MOVIE, ids.row_id()) is None
        assert await world.reader.by_tmdb_id(MOVIE, 1) is None
        assert await world.reader.load(MOVIE, ids.row_id()) is None

    async def test_an_entity_is_found_by_each_of_its_names(self, world: World) -> None:
        entity_id = await world.store(MATRIX)
        await world.alias("matrix-1999", entity_id)

        ref = await world.reader.by_id(MOVIE, entity_id)

        assert ref is not None
        assert (ref.id, ref.slug, ref.tmdb_id, ref.version) == (entity_id, "the-matrix-1999", 603, 1)
        assert await world.reader.by_tmdb_id(MOVIE, 603) == entity_id
        assert await world.reader.by_id(EntityKind.PERSON, entity_id) is None
        for slug in ("the-matrix-1999", "matrix-1999", "the-matrix"):
            assert await world.reader.resolve(MOVIE, slug) == ref

    @pytest.mark.parametrize(
        ("slug", "spelling"),
        [
            ("the-matrix-1999", Spelling.CANONICAL),
            ("matrix-1999", Spelling.FORMER),
            ("the-matrix", Spelling.OTHER),
        ],
    )
    async def test_it_is_told_how_a_slug_names_its_entity(self, world: World, slug: str, spelling: Spelling) -> None:
        await world.alias("matrix-1999", await world.store(MATRIX))

        naming = await world.reader.named(MOVIE, slug)

        assert naming is not None
        assert (naming.spelling, [choice.title for choice in naming.choices]) == (spelling, ["The Matrix"])

    async def test_a_title_without_a_year_names_all_of_that_title_newest_first(self, world: World) -> None:
        for facts in (DUNE_2021, DUNE_1984, MATRIX):
            await world.store(facts)

        every = await world.reader.named(MOVIE, "dune")
        older = await world.reader.named(MOVIE, "dune-1984")

        assert every is not None
        assert older is not None
        assert [choice.year for choice in every.choices] == [2021, 1984]
        assert [(choice.slug, choice.year) for choice in older.choices] == [("dune-1984", 1984)]

    async def test_a_bare_title_that_is_somebodys_own_slug_names_that_one_first(self, world: World) -> None:
        for facts in (UNDATED, DUNE_1984, DUNE_2021):
            await world.store(facts)

        naming = await world.reader.named(MOVIE, "dune")
        found = await world.reader.resolve(MOVIE, "dune")

        assert naming is not None
        assert found is not None
        assert naming.spelling is Spelling.CANONICAL
        assert [choice.slug for choice in naming.choices] == ["dune", "dune-2021", "dune-1984"]
        assert (naming.choices[0].id, naming.choices[0].version) == (found.id, found.version)

    async def test_a_former_slug_of_one_does_not_hide_the_own_slug_of_another(self, world: World) -> None:
        await world.store(DUNE_1984)
        await world.alias("dune-1984", await world.store(DUNE_2021))

        naming = await world.reader.named(MOVIE, "dune-1984")

        assert naming is not None
        assert [choice.year for choice in naming.choices] == [1984]

    async def test_a_loaded_entity_has_its_current_texts_and_their_version(self, world: World) -> None:
        entity_id = await world.store(MATRIX)
        await world.write(entity_id, ContextTag.MODERN, "Modern.")
        await world.write(entity_id, ContextTag.DEFAULT, "First.")
        await world.write(entity_id, ContextTag.DEFAULT, "Second.")
        await world.write(entity_id, ContextTag.HUMOROUS, "A form of other kinds.", Form.BIO)

        entity = await world.reader.load(MOVIE, entity_id)

        assert entity is not None
        assert (entity.slug, entity.title, entity.year, entity.genres) == (
            "the-matrix-1999",
            "The Matrix",
            1999,
            ("Action",),
        )
        assert [(text.context_tag, text.text, text.version) for text in entity.texts] == [
            ("DEFAULT", "Second.", 2),
            ("modern", "Modern.", 1),
        ]
        assert entity.default_text is not None
        assert entity.default_text.text == "Modern."
        assert entity.version == 5
        assert await world.reader.by_id(MOVIE, entity_id) == entity.ref

    async def test_its_short_texts_are_apart_from_those_that_are_counted_and_selected(self, world: World) -> None:
        entity_id = await world.store(MATRIX)
        await world.write(entity_id, ContextTag.DEFAULT, "Replaced.", Form.TAGLINE)
        await world.write(entity_id, ContextTag.DEFAULT, "Tagline.", Form.TAGLINE)
        await world.write(entity_id, ContextTag.DEFAULT, "Summary.", Form.SUMMARY)

        entity = await world.reader.load(MOVIE, entity_id)

        assert entity is not None
        assert (entity.texts, entity.default_text_id, entity.version) == ((), None, 4)
        assert entity.short_texts == (
            ShortText("tagline", "en-US", "GENERATED", "Tagline."),
            ShortText("summary", "en-US", "GENERATED", "Summary."),
        )

    async def test_a_current_text_is_found_by_its_id_and_an_archived_one_is_not(self, world: World) -> None:
        entity_id = await world.store(MATRIX)
        await world.write(entity_id, ContextTag.MODERN, "First.")
        replaced = await world.reader.load(MOVIE, entity_id)
        await world.write(entity_id, ContextTag.MODERN, "Second.")
        entity = await world.reader.load(MOVIE, entity_id)
        assert replaced is not None
        assert entity is not None

        found = await world.reader.text(entity.texts[0].id)

        assert found is not None
        assert found.entity == entity.ref
        assert (found.form, found.locale, found.context_tag) == (Form.DESCRIPTION, Locale.EN, ContextTag.MODERN)
        assert await world.reader.text(replaced.texts[0].id) is None
        assert await world.reader.text(ids.row_id()) is None


class TestFakeEntities(EntitiesContract):
    @pytest.fixture
    def world(self) -> World:
        return FakeWorld()


class TestPostgresEntities(EntitiesContract):
    @pytest.fixture
    def world(self, database: Database) -> World:
        return PostgresWorld(database)
