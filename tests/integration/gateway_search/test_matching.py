"""What a question finds, and in which order."""

import asyncio

import pytest
from tests.integration.gateway.world import eventually
from tests.integration.gateway_search.library import MOVIE, PERSON, SERIES, Library, cast
from tests.support.locks import waits_for_lock

from shared.db.engine import Transaction
from shared.db.facts import create_entity
from shared.entities import Role


async def test_every_word_must_be_found_as_a_word_or_its_beginning(library: Library) -> None:
    await library.add("The Matrix Reloaded")
    await library.add("The Matrix", titles={"pl-PL": "Matriks"})

    assert await library.titles("matr rel") == ["The Matrix Reloaded"]
    assert await library.titles("trix") == []
    assert await library.titles("matriks") == ["The Matrix"]


@pytest.mark.parametrize(
    ("title", "question"),
    [
        ("Amélie", "amelie"),
        ("Amelie", "AMÉLIE"),
        ("Zażółć gęślą jaźń", "zazolc gesla"),
        ("千と千尋の神隠し", "千と千尋の神隠し"),
        ("WALL·E", "walle"),
        ("WALL·E", "wall e"),
        ("Ocean's Eleven", "oceans"),
        ("Spiderman", "spider-man"),
        ("Spider-Man", "spiderman"),
        ("Tom & Jerry", "tom and jerry"),
        ("Tom and Jerry", "tom & jerry"),
        ("$", "$"),
        ("9", "9"),
    ],
    ids=str,
)
async def test_spellings_meet(library: Library, title: str, question: str) -> None:
    await library.add(title)
    await library.add("Something Else")

    assert await library.titles(question) == [title]


async def test_the_exact_title_comes_first_then_beginnings_then_other_titles_then_people(library: Library) -> None:
    await library.add("Nobody", popularity=99, credits=cast("Heat Miser"))
    await library.add("Red Heat", popularity=50)
    await library.add("Heatwave", popularity=10)
    await library.add("Heat and Dust", popularity=20)
    await library.add("Heat", popularity=1)

    hits = (await library.find("heat")).hits

    assert [hit.title for hit in hits] == ["Heat", "Heat and Dust", "Heatwave", "Red Heat", "Nobody"]
    assert [hit.exact for hit in hits] == [True, False, False, False, False]


async def test_words_of_title_and_people_may_be_mixed(library: Library) -> None:
    await library.add("The Matrix", credits=cast("Keanu Reeves"))
    await library.add("Speed", credits=cast("Keanu Reeves"))

    assert await library.titles("keanu matrix") == ["The Matrix"]


async def test_people_are_found_by_their_films(library: Library) -> None:
    await library.add("The Matrix", credits=cast("Keanu Reeves"))
    await library.add("Firefly", kind=SERIES, credits=cast("Nathan Fillion"))
    await library.add("Matrix Johnson", kind=PERSON)

    assert await library.titles("matrix", PERSON) == ["Matrix Johnson", "Keanu Reeves"]
    assert await library.titles("firefly nathan", PERSON) == ["Nathan Fillion"]


async def test_kinds_do_not_mix(library: Library) -> None:
    await library.add("Fargo")
    await library.add("Fargo", kind=SERIES)

    assert [hit.kind for hit in (await library.find("fargo")).hits] == [MOVIE]
    assert [hit.kind for hit in (await library.find("fargo", SERIES)).hits] == [SERIES]


async def test_what_changes_is_found_as_it_is_now(library: Library) -> None:
    film = await library.add("Working Title", genres=("Drama",), credits=cast("Ann Lee"))
    await library.change(film, "Final Cut", genres=("War",), credits=cast("Bob Ray", role=Role.DIRECTOR))

    assert await library.titles("working") == []
    assert await library.titles("final", genres=("war",)) == ["Final Cut"]
    assert await library.titles(genres=("drama",)) == []
    assert await library.titles("ann lee") == []
    assert await library.titles("working", PERSON) == await library.titles("final cut ann", PERSON) == []
    assert await library.titles("final", PERSON) == ["Bob Ray"]


async def test_two_films_stored_at_once_both_lead_to_their_actor(library: Library) -> None:
    await library.add("Bound", credits=cast("Keanu Reeves"))
    written, go_on = asyncio.Event(), asyncio.Event()

    async def slow(tx: Transaction) -> None:
        await create_entity(tx, library.facts("Speed", 1994, MOVIE, credits=cast("Keanu Reeves")))
        written.set()
        await go_on.wait()

    async with asyncio.TaskGroup() as group:
        group.create_task(library.database.run(slow))
        await written.wait()
        group.create_task(library.add("Point Break", credits=cast("Keanu Reeves")))
        await eventually(lambda: waits_for_lock(library.database))
        go_on.set()

    assert await library.titles("speed", PERSON) == await library.titles("point break", PERSON) == ["Keanu Reeves"]


async def test_a_film_under_another_title_in_another_language_finds_its_people_too(library: Library) -> None:
    film = await library.add("Spirited Away", credits=cast("Rumi Hiiragi"))
    await library.change(film, "Spirited Away", titles={"pl-PL": "W krainie bogów"}, credits=cast("Rumi Hiiragi"))

    assert await library.titles("krainie", PERSON) == ["Rumi Hiiragi"]
