"""How alike two entities are: pure, symmetric, from 0 to 1."""

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.related_ports import Compared, Pair
from gateway.usecases.compare_entities import closeness, compare, overlap
from shared.entities import EntityKind, MovieDetails

ID = UUID("01a0fba0-c08a-7195-8462-4bb836b6236a")
MOVIE, PERSON = EntityKind.MOVIE, EntityKind.PERSON
PLAIN = Compared(ID, "heat-1995", "Heat", 1995, ("Crime", "Drama"), MovieDetails(), 4)
kinds = st.sampled_from(EntityKind)
years = st.none() | st.integers(1800, 2100)
genres = st.lists(st.sampled_from(["Crime", "Drama", "War", "Comedy"]), unique=True).map(tuple)


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    common = draw(st.integers(0, 60))
    first, second = (
        replace(PLAIN, year=draw(years), genres=draw(genres), linked=common + draw(st.integers(0, 60)))
        for _ in range(2)
    )
    return Pair(first, second, (), common)


@given(kind=kinds, pair=pairs())
def test_a_score_is_from_0_to_1_with_two_decimals(kind: EntityKind, pair: Pair) -> None:
    score = compare(kind, pair).score

    assert 0 <= score <= 1
    assert score == round(score, 2)


@given(kind=kinds, pair=pairs())
def test_a_comparison_is_symmetric(kind: EntityKind, pair: Pair) -> None:
    one, other = compare(kind, pair), compare(kind, replace(pair, first=pair.second, second=pair.first))

    assert (one.score, one.year_difference) == (other.score, other.year_difference)
    assert set(one.genres) == set(other.genres)


@given(kind=kinds, year=st.integers(1800, 2100), chosen=genres.filter(bool), linked=st.integers(1, 60))
def test_equals_score_1(kind: EntityKind, year: int, chosen: tuple[str, ...], linked: int) -> None:
    same = replace(PLAIN, year=year, genres=chosen, linked=linked)

    comparison = compare(kind, Pair(same, same, (), linked))

    assert (comparison.score, comparison.year_difference, comparison.genres) == (1.0, 0, chosen)


@given(kind=kinds, pair=pairs(), more=st.integers(1, 10))
def test_more_in_common_never_scores_less(kind: EntityKind, pair: Pair, more: int) -> None:
    linked = max(pair.first.linked, pair.second.linked) + more
    wide = replace(pair, first=replace(pair.first, linked=linked), second=replace(pair.second, linked=linked))

    assert compare(kind, replace(wide, common_count=pair.common_count + more)).score >= compare(kind, wide).score


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(MOVIE, 0.4 * 1 / 2 + 0.4 * 2 / 5 + 0.2 * 0.75), (PERSON, 0.6 * 2 / 5 + 0.4 * 0.75)],
)
def test_titles_weigh_genres_people_and_years_and_people_weigh_movies_and_years(
    kind: EntityKind, expected: float
) -> None:
    other = replace(PLAIN, year=1970, genres=("Drama",), linked=5)

    comparison = compare(kind, Pair(PLAIN, other, (), 2))

    assert comparison.score == round(expected, 2)
    assert (comparison.year_difference, comparison.genres) == (25, ("Drama",))


def test_common_genres_keep_the_order_of_the_first() -> None:
    first = replace(PLAIN, genres=("War", "Crime", "Drama"))

    assert compare(MOVIE, Pair(first, PLAIN, (), 0)).genres == ("Crime", "Drama")


@pytest.mark.parametrize("year", [None, 1995])
def test_an_unknown_year_differs_by_nothing_and_adds_nothing(year: int | None) -> None:
    comparison = compare(PERSON, Pair(replace(PLAIN, year=None), replace(PLAIN, year=year), (), 4))

    assert (comparison.year_difference, comparison.score) == (None, 0.6)


@pytest.mark.parametrize(("sets", "expected"), [((0, 0, 0), 0.0), ((0, 3, 0), 0.0), ((2, 4, 2), 0.5), ((3, 3, 3), 1.0)])
def test_overlap_is_a_share_of_the_larger_set(sets: tuple[int, int, int], expected: float) -> None:
    assert overlap(*sets) == expected


@pytest.mark.parametrize(
    ("first", "second", "expected"), [(1900, 2000, 0.0), (1800, 2000, 0.0), (2000, 1990, 0.9), (None, 1, 0.0)]
)
def test_years_are_a_hundred_apart_at_most(first: int | None, second: int, expected: float) -> None:
    assert closeness(first, second) == expected
