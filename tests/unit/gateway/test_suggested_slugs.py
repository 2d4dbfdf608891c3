"""Each hit of the catalogue has a slug of its own, and a detail read of it leads there."""

from typing import Any

import pytest
from tests.unit.gateway.searching import MOVIE, PERSON, Searching, offered

from shared.entities import EntityKind


async def slugs_of(world: Searching, kind: EntityKind = MOVIE, **asked: Any) -> dict[str, str]:
    """Suggested slugs by overview, which tells namesakes apart here."""
    found = await world.ask("heat", kind, **asked)
    return {item["overview"]: item["suggested_slug"] for item in found["results"] if item["source"] == "external"}


async def test_a_name_of_its_own_is_title_and_year() -> None:
    world = Searching(offered("Amélie", 2001, overview="a"), offered("Heat", None, overview="b"))

    assert await slugs_of(world) == {"a": "amelie-2001", "b": "heat"}


async def test_namesakes_of_one_year_are_numbered_as_the_catalogue_counts_them_the_stored_one_included() -> None:
    world = Searching(
        offered("Heat", 1995, 30, overview="a"), offered("Heat", 1995, 10), offered("Heat", 1995, 20, overview="b")
    )
    world.store("Heat", 1995, 10)

    assert await slugs_of(world) == {"a": "heat-1995-3", "b": "heat-1995-2"}


async def test_a_slug_that_a_stored_namesake_answers_to_is_not_suggested() -> None:
    world = Searching(offered("Heat", 1995, 30, overview="a"))
    world.store("Heat", 1995, 10)

    assert await slugs_of(world) == {"a": "heat-1995-2"}


async def test_an_undated_hit_is_not_suggested_under_the_name_of_a_stored_one() -> None:
    world = Searching(offered("Heat", None, 30, overview="a"))
    world.store("Heat", 1995, 10)

    assert await slugs_of(world) == {"a": "heat-1"}


async def test_people_of_one_name_are_one_hit_whose_slug_offers_them_all() -> None:
    world = Searching(*(offered("Chris Heat", None, number, PERSON, overview=f"{number}") for number in (7, 8)))

    assert await slugs_of(world, PERSON) == {"7": "chris-heat"}


async def test_a_person_that_no_slug_leads_to_is_left_out() -> None:
    world = Searching(offered("Chris Heat", None, 7, PERSON))
    world.store("Chris Heat", 1981, 8, PERSON)

    found = await world.ask("heat", PERSON)

    assert (found["total"], found["external_count"]) == (1, 0)


@pytest.mark.parametrize("title", ["zzzzzzzzzz", "System Prompt"])
async def test_a_hit_whose_slug_a_detail_read_refuses_is_left_out(title: str) -> None:
    world = Searching(offered(title, None, overview="a"), offered("Heat", 1995, overview="b"))

    assert await slugs_of(world) == {"b": "heat-1995"}


async def test_a_hit_that_is_called_like_another_page_gets_a_slug_of_its_own() -> None:
    world = Searching(offered("Search", None, overview="a"))

    assert await slugs_of(world) == {"a": "search-1"}
