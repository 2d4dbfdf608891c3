"""Both sources as one answer: what is merged, what is left out, and what a catalogue that is down costs."""

import asyncio
from typing import Any

import pytest
from tests.unit.gateway.searching import MOVIE, PERSON, SERIES, SHOW, Searching, offered, titles

from gateway.usecases.search_entities import NoResults
from shared.entities import EntityKind, Locale, Role, ShowType
from shared.errors import Permanent, Transient, Unavailable, failure
from shared.jobs import FailureType

LATE = Transient(failure(FailureType.TIMEOUT, "late"))
BROKEN = Transient(failure(FailureType.UNKNOWN_ERROR, "broken"))
REFUSED = Permanent(failure(FailureType.UNKNOWN_ERROR, "refused"))
NO_KEY = Unavailable("tmdb")


async def test_stored_hits_come_first_then_those_of_the_catalogue() -> None:
    world = Searching(offered("Matrix Reloaded", 2003), offered("Armitage: Dual Matrix", 2002))
    world.store("The Matrix")

    found = await world.ask("matrix")

    assert titles(found) == ["The Matrix", "Matrix Reloaded", "Armitage: Dual Matrix"]
    assert (found["total"], found["local_count"], found["external_count"]) == (3, 1, 2)
    assert [item["source"] for item in found["results"]] == ["local", "external", "external"]
    assert found["external_status"] == "ok"


async def test_what_is_stored_is_never_external_even_where_the_filters_exclude_it() -> None:
    world = Searching(offered("The Matrix", 1999, 603))
    world.store("The Matrix", 1998, 603)

    found = await world.outcome_of("matrix", year_from=1999, year_to=1999)

    assert isinstance(found, NoResults)


async def test_what_is_stored_as_a_show_is_no_external_series() -> None:
    world = Searching(offered("Planet", 2006, 81, SERIES))
    world.store("Planet", 2006, 81, SHOW)

    assert isinstance(await world.outcome_of("planet", SERIES), NoResults)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"year_from": 2000}, ["Matrix Reloaded"]),
        ({"year_to": 2000}, ["Matrix One"]),
        ({"year_from": 2003, "year_to": 2003}, ["Matrix Reloaded"]),
        ({"genres": ("science-fiction",)}, ["Matrix One", "Matrix Undated"]),
        ({"genres": ("science-fiction", "action")}, ["Matrix One"]),
    ],
)
async def test_years_and_genres_hold_for_external_hits_and_what_is_unknown_does_not_fit(
    asked: dict[str, Any], expected: list[str]
) -> None:
    world = Searching(
        offered("Matrix One", 1999, genres=("Action", "Science Fiction")),
        offered("Matrix Reloaded", 2003, genres=("Action",)),
        offered("Matrix Undated", None, genres=("Science Fiction",)),
    )

    found = await world.ask("matrix", **asked)

    assert titles(found) == expected
    assert found["external_count"] == len(expected)


async def test_the_catalogue_is_asked_for_the_one_year_that_is_wanted() -> None:
    world = Searching(offered("Heat", 1995))

    await world.ask("heat", year_from=1995, year_to=1995)
    await world.outcome_of("heat", year_from=1990, year_to=1995)

    assert [year for _, year, _ in world.catalogue.calls] == [1995, None]


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        (MOVIE, {"source": "local"}),
        (MOVIE, {"actors": ("Keanu Reeves",)}),
        (MOVIE, {"director": "Mann"}),
        (MOVIE, {"has_text": Locale.PL}),
        (PERSON, {"birthplace": "Beirut"}),
        (PERSON, {"roles": (Role.ACTOR,)}),
        (PERSON, {"movies": ("heat-1995",)}),
        (SHOW, {"show_types": (ShowType.NEWS,)}),
    ],
)
async def test_the_catalogue_is_left_out_where_its_hits_cannot_be_checked(
    kind: EntityKind, asked: dict[str, Any]
) -> None:
    world = Searching(offered("Heat", kind=kind))
    world.store("Heat Wave", kind=kind)

    found = await world.ask("heat", kind, **asked)

    assert titles(found) == ["Heat Wave"]
    assert (found["external_count"], found["external_status"]) == (0, "off")
    assert world.catalogue.calls == []


async def test_the_catalogue_is_left_out_without_a_text_and_with_its_flag_off() -> None:
    world = Searching(offered("Heat"))
    world.store("Heat Wave")

    without_text = await world.ask()
    world.flags["tmdb_verification"] = False
    switched_off = await world.ask("heat")
    world.flags["tmdb_verification"] = True

    assert [titles(without_text), titles(switched_off)] == [["Heat Wave"]] * 2
    assert {without_text["external_status"], switched_off["external_status"]} == {"off"}
    assert titles(await world.ask("heat")) == ["Heat Wave", "Heat"]


async def test_source_external_leaves_out_what_is_stored() -> None:
    world = Searching(offered("Heat"))
    world.store("Heat Wave")

    found = await world.ask("heat", source="external")

    assert titles(found) == ["Heat"]
    assert (found["local_count"], found["match_type"]) == (0, "exact")
    assert world.index.asked == []


@pytest.mark.parametrize(
    ("error", "status"),
    [(LATE, "timeout"), (BROKEN, "unavailable"), (REFUSED, "unavailable"), (NO_KEY, "unavailable")],
    ids=["late", "broken", "refused", "no-key"],
)
async def test_a_catalogue_that_fails_costs_its_own_hits_only_and_is_asked_again(error: Exception, status: str) -> None:
    world = Searching(offered("Heat"))
    world.store("Heat Wave")
    world.catalogue.error = error

    during = await world.ask("heat")
    world.catalogue.error = None

    assert (titles(during), during["external_status"]) == (["Heat Wave"], status)
    assert titles(await world.ask("heat")) == ["Heat Wave", "Heat"]


async def test_a_catalogue_that_is_silent_is_waited_for_no_longer_than_its_time() -> None:
    world = Searching(offered("Heat"), deadline_s=0.01)
    world.store("Heat Wave")
    world.catalogue.go_on.clear()

    found = await world.ask("heat")

    assert (titles(found), found["external_status"]) == (["Heat Wave"], "timeout")


async def test_an_outage_of_the_store_is_no_empty_answer() -> None:
    world = Searching(offered("Heat"))
    world.index.error = Unavailable("postgres")

    with pytest.raises(Unavailable):
        await world.ask("heat")


async def test_equal_searches_at_the_same_time_are_one() -> None:
    world = Searching(offered("Heat"))
    world.store("Heat Wave")
    world.catalogue.go_on.clear()

    asking = [asyncio.create_task(world.ask("heat")) for _ in range(50)]
    while not world.catalogue.calls:
        await asyncio.wait(asking, timeout=0)
    world.catalogue.go_on.set()
    found = await asyncio.gather(*asking)

    assert {tuple(titles(one)) for one in found} == {("Heat Wave", "Heat")}
    assert (len(world.index.asked), len(world.catalogue.calls)) == (1, 1)


async def test_equal_searches_during_an_outage_are_one_too() -> None:
    world = Searching()
    world.store("Heat Wave")
    world.catalogue.error = LATE
    world.catalogue.go_on.clear()

    asking = [asyncio.create_task(world.ask("heat")) for _ in range(50)]
    while not world.catalogue.calls:
        await asyncio.wait(asking, timeout=0)
    world.catalogue.go_on.set()
    await asyncio.gather(*asking)

    assert (len(world.index.asked), len(world.catalogue.calls)) == (1, 1)


async def test_an_answer_is_kept_until_something_of_its_kind_changes() -> None:
    world = Searching(offered("Heat"))
    first = world.store("Heat Wave")

    for _ in range(3):
        await world.ask("heat")
    kept = len(world.index.asked)
    world.store("Heat Haze")
    await world.cache.invalidate(MOVIE, first.slug, 2)

    assert kept == 1
    assert titles(await world.ask("heat")) == ["Heat Wave", "Heat Haze", "Heat"]


@pytest.mark.parametrize(
    ("text", "stored", "known", "match_type", "confidence"),
    [
        ("HEAT", ["Heat"], [], "exact", 1.0),
        ("hea", ["Heat"], [], "partial", 0.7),
        ("amelie", [], ["Amélie"], "exact", 1.0),
        ("hea", [], ["Heat"], "partial", 0.7),
        (None, ["Heat"], [], "exact", 1.0),
        ("heat", ["Heat"], ["The Heat"], "ambiguous", 0.9),
        ("heat", ["Heat", "Heat 2"], ["The Heat", "Heat 3"], "ambiguous", 0.7),
        ("heat", [f"Heat {number}" for number in range(9)], [], "ambiguous", 0.5),
        (None, [], [], "none", 0.0),
    ],
)
async def test_the_match_says_how_sure_it_is(
    text: str | None, stored: list[str], known: list[str], match_type: str, confidence: float
) -> None:
    world = Searching(*map(offered, known))
    for title in stored:
        world.store(title)

    found = await world.ask(text)

    assert (found["match_type"], found["confidence"]) == (match_type, confidence)


async def test_a_page_behind_the_only_match_still_says_whether_it_is_exact() -> None:
    world = Searching()
    world.store("Heat")

    found = await world.ask("heat", start=9)

    assert (found["results"], found["total"], found["match_type"]) == ([], 1, "exact")


async def test_limits_bound_each_source() -> None:
    world = Searching(*(offered(f"Heat {number}") for number in range(5)))
    for number in range(5):
        world.store(f"Heat Wave {number}")

    found = await world.ask("heat", local_limit=2, external_limit=3)

    assert titles(found) == ["Heat Wave 0", "Heat Wave 1", "Heat 0", "Heat 1", "Heat 2"]
    assert (found["total"], found["local_count"], found["external_count"]) == (5, 2, 3)


async def test_facets_count_both_sources_by_count_then_value() -> None:
    world = Searching(
        offered("Matrix Reloaded", 2003, genres=("Action", "Science Fiction")),
        offered("Matrix Revolutions", 2003, genres=("Action",)),
        offered("Matrix Resurrections", 2021, genres=("Action",)),
        offered("Matrix Undated", None),
    )
    world.store("The Matrix", 1999)

    facets = (await world.ask("matrix"))["facets"]

    assert list(facets) == ["type", "year", "decade", "genre", "locale"]
    assert facets["type"] == [{"value": "MOVIE", "count": 5}]
    assert [(one["value"], one["count"]) for one in facets["year"]] == [(2003, 2), (1999, 1), (2021, 1)]
    assert [(one["value"], one["count"]) for one in facets["genre"]] == [("Action", 3), ("Science Fiction", 1)]


async def test_a_facet_has_at_most_twenty_values_and_counts_those_that_only_together_are_among_them() -> None:
    world = Searching(offered("Heat A", 2025), offered("Heat B", 2025))
    for year in range(2000, 2026):
        world.store(f"Heat {year}", year)

    years = (await world.ask("heat"))["facets"]["year"]

    assert [(one["value"], one["count"]) for one in years[:2]] == [(2025, 3), (2000, 1)]
    assert len(years) == 20
