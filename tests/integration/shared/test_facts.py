from uuid import UUID

import pytest
from sqlalchemy import func, select

from generator.adapters.postgres_results import PostgresLibrary
from shared.db.engine import Database, Transaction
from shared.db.entity_rows import StoredEntity
from shared.db.facts import create_entity, update_facts
from shared.db.tables import credits_, entities, outbox, tmdb_snapshots
from shared.entities import CreditFact, EntityKind, Facts, MovieDetails, PersonDetails, Role, TitleCredit

KEANU = CreditFact(tmdb_id=6384, name="Keanu Reeves", role=Role.ACTOR, character="Neo", billing_order=0)
LANA = CreditFact(tmdb_id=9340, name="Lana Wachowski", role=Role.DIRECTOR, job="Director")


def matrix(*stated: CreditFact, title: str = "The Matrix", tmdb_id: int = 603, year: int | None = 1999) -> Facts:
    return Facts(
        kind=EntityKind.MOVIE,
        tmdb_id=tmdb_id,
        title=title,
        year=year,
        genres=("Action", "Science Fiction"),
        details=MovieDetails(director="Lana Wachowski", overview="A hacker\x00 wakes."),
        credits=stated or (KEANU, LANA),
        raw={"id": tmdb_id, "overview": "A hacker\x00 wakes \ud800."},
    )


def keanu(**changes: object) -> Facts:
    values: dict[str, object] = {
        "kind": EntityKind.PERSON,
        "tmdb_id": 6384,
        "title": "Keanu Reeves",
        "year": 1964,
        "details": PersonDetails(birthplace="Beirut"),
        "filmography": (TitleCredit(tmdb_id=603, kind=EntityKind.MOVIE, role=Role.ACTOR, character="Neo"),),
        "raw": {"id": 6384},
    }
    return Facts.model_validate(values | changes)


async def create(database: Database, facts: Facts) -> StoredEntity:
    async def work(tx: Transaction) -> StoredEntity:
        return await create_entity(tx, facts)

    return await database.run(work)


async def refresh(database: Database, entity_id: UUID, facts: Facts) -> int:
    async def work(tx: Transaction) -> int:
        return await update_facts(tx, entity_id, facts)

    return await database.run(work)


async def versions(database: Database) -> dict[str, int]:
    return {row.slug: row.version for row in (await database.read(select(entities.c.slug, entities.c.version))).all()}


async def test_a_title_brings_its_snapshot_and_its_people(database: Database) -> None:
    stored = await create(database, matrix())

    assert (stored.slug, stored.created, stored.complete) == ("the-matrix-1999", True, True)
    assert set(await versions(database)) == {"the-matrix-1999", "keanu-reeves", "lana-wachowski"}
    assert (await database.read(select(tmdb_snapshots.c.raw_data["overview"].astext))).scalar() == "A hacker wakes ?."
    assert (await database.read(select(func.count()).select_from(outbox))).scalar() == 0


async def test_creating_it_again_changes_nothing(database: Database) -> None:
    first = await create(database, matrix())

    again = await create(database, matrix())

    assert (again.id, again.created) == (first.id, False)
    assert await versions(database) == {"the-matrix-1999": 1, "keanu-reeves": 1, "lana-wachowski": 1}


async def test_films_that_share_title_and_year_are_told_apart_by_director_then_by_number(database: Database) -> None:
    stored = [await create(database, matrix(tmdb_id=tmdb_id)) for tmdb_id in (603, 604, 605, 606)]

    assert [one.slug for one in stored] == [
        "the-matrix-1999",
        "the-matrix-1999-lana-wachowski",
        "the-matrix-1999-2",
        "the-matrix-1999-3",
    ]


async def test_people_of_one_name_are_told_apart_by_year_then_birthplace_then_number(database: Database) -> None:
    stored = [await create(database, keanu(tmdb_id=tmdb_id)) for tmdb_id in (1, 2, 3, 4)]

    assert [one.slug for one in stored] == [
        "keanu-reeves",
        "keanu-reeves-1964",
        "keanu-reeves-1964-beirut",
        "keanu-reeves-1964-2",
    ]


async def test_the_owner_of_a_bare_name_changes_with_every_new_namesake(database: Database) -> None:
    await create(database, keanu(tmdb_id=1))
    other = await create(database, keanu(tmdb_id=2, title="Keanu Charles Reeves"))
    before = await versions(database)

    await create(database, keanu(tmdb_id=3))
    await refresh(database, other.id, keanu(tmdb_id=2))
    await refresh(database, other.id, keanu(tmdb_id=2))

    assert before["keanu-reeves"] == 1
    assert (await versions(database))["keanu-reeves"] == 3


async def test_a_person_known_from_credits_is_completed_and_keeps_its_slug(database: Database) -> None:
    await create(database, matrix())

    person = await create(database, keanu())

    row = (await database.read(select(entities).where(entities.c.id == person.id))).mappings().one()
    assert (row["slug"], row["year"], row["details"]["birthplace"]) == ("keanu-reeves", 1964, "Beirut")
    assert person.version == 2


async def test_a_new_film_of_a_stored_person_changes_what_the_person_shows(database: Database) -> None:
    await create(database, keanu(filmography=()))

    await create(database, matrix())

    assert (await versions(database))["keanu-reeves"] == 2
    assert (await database.read(select(outbox.c.type))).scalars().all() == ["entity.changed"]


async def test_a_person_is_credited_in_the_stored_titles(database: Database) -> None:
    await create(database, matrix(LANA))

    await create(database, keanu())

    assert (await database.read(select(func.count()).select_from(credits_))).scalar() == 2
    assert (await versions(database))["the-matrix-1999"] == 2


async def test_a_refresh_replaces_facts_and_credits(database: Database) -> None:
    stored = await create(database, matrix())

    version = await refresh(database, stored.id, matrix(LANA, title="The Matrix Restored", year=2000))

    row = (await database.read(select(entities).where(entities.c.id == stored.id))).mappings().one()
    assert (version, row["title"], row["year"]) == (2, "The Matrix Restored", 2000)
    assert (await database.read(select(func.count()).select_from(credits_))).scalar() == 1
    assert (await versions(database))["keanu-reeves"] == 2


async def test_a_renamed_person_changes_the_titles_that_show_the_name(database: Database) -> None:
    await create(database, matrix())
    person = await create(database, keanu())

    await refresh(database, person.id, keanu(title="Keanu C. Reeves"))

    assert (await versions(database))["the-matrix-1999"] == 2


async def test_a_retitled_film_changes_what_its_people_show(database: Database) -> None:
    stored = await create(database, matrix())

    await refresh(database, stored.id, matrix(title="The Matrix Restored"))

    assert (await versions(database))["keanu-reeves"] == 2


async def test_stored_facts_read_back_as_they_were_stated(database: Database) -> None:
    stored = await create(database, matrix())

    known = await PostgresLibrary(database).find(EntityKind.MOVIE, "", stored.id)

    assert known is not None
    facts = known.facts
    assert facts.credits == (KEANU, LANA)
    assert (facts.title, facts.year, facts.genres) == ("The Matrix", 1999, ("Action", "Science Fiction"))


@pytest.mark.parametrize("year", [None, 1999])
async def test_a_year_may_be_unknown(database: Database, year: int | None) -> None:
    stored = await create(database, matrix(year=year))

    assert stored.slug == ("the-matrix" if year is None else "the-matrix-1999")
