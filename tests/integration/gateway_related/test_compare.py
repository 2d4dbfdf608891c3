"""`GET /api/v1/{type}/compare`."""

from typing import Any

import pytest
from tests.integration.gateway_related.library import (
    MOVIE,
    PERSON,
    SERIES,
    TITLES,
    Library,
    author,
    born,
    by,
    released,
)

from shared.entities import KINDS, EntityKind, Role

every_kind = pytest.mark.parametrize("kind", EntityKind)
every_title = pytest.mark.parametrize("kind", TITLES)


async def compared(library: Library, kind: EntityKind, slug1: str, slug2: str) -> dict[str, Any]:
    answer = await library.get(kind, "compare", slug1=slug1, slug2=slug2)
    assert answer.status_code == 200, answer.text
    return answer.json()


@every_title
async def test_titles_are_compared_by_genres_people_and_years(library: Library, kind: EntityKind) -> None:
    makes = author(kind)
    first, second = await library.store(
        released(
            kind, "Heat", 1995, 1, by(1, makes), by(2), by(3), by(1, Role.WRITER), genres=("Crime", "Drama", "War")
        ),
        released(kind, "Collateral", 2004, 2, by(1, makes), by(3, Role.PRODUCER), genres=("Drama", "Crime")),
    )
    one = KINDS[kind].one
    named = {"director": None} if kind is MOVIE else {"number_of_seasons": 2}

    answer = await compared(library, kind, "heat-1995", "collateral-2004")

    year = KINDS[kind].year
    assert answer[f"{one}1"] == {"id": str(first.id), "slug": "heat-1995", "title": "Heat", year: 1995, **named}
    assert answer[f"{one}2"] == {
        "id": str(second.id),
        "slug": "collateral-2004",
        "title": "Collateral",
        year: 2004,
        **named,
    }
    comparison = answer["comparison"]
    assert comparison["common_genres"] == ["Crime", "Drama"]
    people = [
        (shared["person"]["slug"], shared[f"roles_in_{one}1"], shared[f"roles_in_{one}2"])
        for shared in comparison["common_people"]
    ]
    assert people == [("person-1", [makes, "WRITER"], [makes]), ("person-3", ["ACTOR"], ["PRODUCER"])]
    assert set(comparison["common_people"][0]["person"]) == {"id", "slug", "name"}
    assert comparison["year_difference"] == 9
    assert comparison["similarity_score"] == round(0.4 * 2 / 3 + 0.4 * 2 / 3 + 0.2 * 0.91, 2)


@every_title
async def test_titles_without_years_genres_and_people_have_nothing_in_common(
    library: Library, kind: EntityKind
) -> None:
    await library.store(released(kind, "One", None, 1), released(kind, "Two", 2000, 2))

    answer = await compared(library, kind, "one", "two-2000")

    assert answer["comparison"] == {
        "common_genres": [],
        "common_people": [],
        "year_difference": None,
        "similarity_score": 0.0,
    }


async def test_people_are_compared_by_movies_and_years(library: Library) -> None:
    first, second, _ = await library.store(
        born("Person 1", 1, "1964-09-02", "Beirut, Lebanon"), born("Person 2", 2, "1967-08-21"), born("Nobody", 99)
    )
    movie, *_ = await library.store(
        released(MOVIE, "The Matrix", 1999, 603, by(1), by(1, Role.PRODUCER), by(2, Role.DIRECTOR)),
        released(MOVIE, "Speed", 1994, 5, by(1)),
        released(SERIES, "On television", 2000, 6, by(1), by(2)),
    )

    answer = await compared(library, PERSON, "person-1", "person-2")

    assert answer == {
        "person1": {
            "id": str(first.id),
            "slug": "person-1",
            "name": "Person 1",
            "birth_date": "1964-09-02",
            "birthplace": "Beirut, Lebanon",
        },
        "person2": {
            "id": str(second.id),
            "slug": "person-2",
            "name": "Person 2",
            "birth_date": "1967-08-21",
            "birthplace": None,
        },
        "comparison": {
            "common_movies": [
                {
                    "movie_id": str(movie.id),
                    "movie_slug": "the-matrix-1999",
                    "movie_title": "The Matrix",
                    "person1_role": "ACTOR",
                    "person2_role": "DIRECTOR",
                }
            ],
            "common_movies_count": 1,
            "birth_year_difference": 3,
            "similarity_score": round(0.6 / 2 + 0.4 * 0.97, 2),
        },
    }
    assert (await compared(library, PERSON, "person-1", "nobody"))["comparison"] == {
        "common_movies": [],
        "common_movies_count": 0,
        "birth_year_difference": None,
        "similarity_score": 0.0,
    }


async def test_more_in_common_than_is_shown_is_counted(library: Library) -> None:
    await library.store(*(released(MOVIE, f"Movie {number}", 2000, number, by(1), by(2)) for number in range(1, 104)))

    comparison = (await compared(library, PERSON, "person-1", "person-2"))["comparison"]

    assert (len(comparison["common_movies"]), comparison["common_movies_count"]) == (100, 103)
    assert comparison["similarity_score"] == 0.6


@every_kind
@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ({}, {"slug1", "slug2"}),
        ({"slug1": "a"}, {"slug2"}),
        ({"slug1": " ", "slug2": "a"}, {"slug1"}),
        ({"slug1": "a", "slug2": "A"}, {"slug2"}),
    ],
)
async def test_two_different_slugs_are_required(
    library: Library, kind: EntityKind, query: dict[str, str], wrong: set[str]
) -> None:
    answer = await library.get(kind, "compare", **query)

    assert (answer.status_code, set(answer.json()["errors"])) == (422, wrong)


@every_kind
async def test_two_spellings_of_one_entity_are_422(library: Library, kind: EntityKind) -> None:
    known = born("Heat", 1, "1995-01-01") if kind is PERSON else released(kind, "Heat", 1995, 1)
    [stored] = await library.store(known)
    await library.alias(stored, "warmth")

    answer = await library.get(kind, "compare", slug1=stored.slug, slug2="warmth")

    assert (answer.status_code, set(answer.json()["errors"])) == (422, {"slug2"})


@every_kind
@pytest.mark.parametrize("missing", ["nothing-1995", "$$$", "../etc"])
@pytest.mark.parametrize("place", [1, 2])
async def test_the_missing_slug_is_named(library: Library, kind: EntityKind, missing: str, place: int) -> None:
    known = born("Heat", 1) if kind is PERSON else released(kind, "Heat", 1995, 1)
    [stored] = await library.store(known)

    answer = await library.get(kind, "compare", **{f"slug{place}": missing, f"slug{3 - place}": stored.slug})

    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (404, "urn:moviemind:problem:entity-not-found")
    assert (problem["slug"], problem["error"]) == (missing, f"{KINDS[kind].label} not found")
