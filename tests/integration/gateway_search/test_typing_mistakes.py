"""A word that no stored word begins with is searched for as what was probably meant."""

import pytest
from tests.integration.gateway_search.library import PERSON, Library, cast


@pytest.mark.parametrize(
    "question",
    ["godfahter", "godfathr", "godfatther", "gadfather", "odfather", "godfatherr", "teh godfahter", "GODFÁHTER"],
)
async def test_one_mistake_per_word_is_forgiven(library: Library, question: str) -> None:
    await library.add("Godfather The Teh")

    assert await library.titles(question) == ["Godfather The Teh"]


async def test_two_mistakes_in_two_words_are_forgiven_and_two_in_one_are_not(library: Library) -> None:
    await library.add("Pulp Fiction")

    assert await library.titles("plup fictoin") == ["Pulp Fiction"]
    assert await library.titles("fcitoin") == []


async def test_what_is_found_as_typed_is_not_corrected(library: Library) -> None:
    await library.add("Mattrix")
    await library.add("Matrix")

    assert await library.titles("mattrix") == ["Mattrix"]
    assert await library.titles("matt") == ["Mattrix"]


async def test_words_below_four_letters_are_taken_as_they_are(library: Library) -> None:
    await library.add("Ran")

    assert await library.titles("rna") == []


async def test_the_words_of_people_and_later_changes_are_known(library: Library) -> None:
    film = await library.add("Speed", credits=cast("Keanu Reeves"))

    assert await library.titles("kaenu") == ["Speed"]
    assert await library.titles("reevse", PERSON) == ["Keanu Reeves"]
    await library.change(film, "Velocity", credits=cast("Sandra Bullock"))
    assert await library.titles("velocty bulock") == ["Velocity"]


async def test_at_most_eight_corrections_are_tried(library: Library) -> None:
    for letter in "abcdefghijkl":
        await library.add(f"tes{letter}x")

    assert len(await library.titles("tes9x")) == 8


@pytest.mark.parametrize("question", ["zzzzzzz", "matrix nonexistent", "' | 'x", ":*", "!", "&", "\\", "a'b:*c"])
async def test_nothing_similar_finds_nothing(library: Library, question: str) -> None:
    await library.add("The Matrix")

    assert (await library.find(question)).total == 0
