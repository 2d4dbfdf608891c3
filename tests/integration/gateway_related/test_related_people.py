"""`GET /api/v1/people/{slug}/related`."""

from typing import Any

import pytest
from tests.integration.gateway_related.library import BASE, MOVIE, PERSON, SERIES, Library, born, by, released

from shared.entities import Role

KEANU, LANA, CARRIE, JOEL = 1, 2, 3, 4


@pytest.fixture
async def people(library: Library) -> Library:
    """Person 1 acts; 2 directs and writes; 3 acts; 4 produces."""
    await library.store(
        released(
            MOVIE,
            "The Matrix",
            1999,
            603,
            by(LANA, Role.DIRECTOR),
            by(LANA, Role.WRITER),
            by(KEANU, Role.ACTOR),
            by(CARRIE, Role.ACTOR),
            by(JOEL, Role.PRODUCER),
        ),
        released(MOVIE, "The Matrix Reloaded", 2003, 604, by(LANA, Role.DIRECTOR), by(KEANU, Role.ACTOR)),
        released(MOVIE, "Man of Tai Chi", 2013, 5, by(KEANU, Role.DIRECTOR), by(KEANU, Role.ACTOR), by(CARRIE)),
        released(SERIES, "On television", 2014, 6, by(KEANU, Role.ACTOR), by(9, Role.CREATOR)),
        released(MOVIE, "Without the person", 2014, 7, by(LANA, Role.DIRECTOR), by(8, Role.ACTOR)),
        born("Person 1", 11, "1950-05-05", "Leeds, England"),
        born("Person 1", 12),
        born("Person 1", 13, "1970-01-01"),
        born("Person 10", 10),
    )
    return library


async def related(library: Library, **query: Any) -> list[tuple[str, str, int | None]]:
    answer = await library.get(PERSON, "person-1/related", **query)
    assert answer.status_code == 200, answer.text
    return [
        (one["slug"], one["relationship_type"], one.get("collaborations_count"))
        for one in answer.json()["related_people"]
    ]


async def test_collaborators_share_a_movie_in_another_role_and_come_by_count_then_name(people: Library) -> None:
    assert await related(people, type="collaborators") == [
        ("person-2", "COLLABORATOR", 2),
        ("person-3", "COLLABORATOR", 1),
        ("person-4", "COLLABORATOR", 1),
    ]


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("DIRECTOR", [("person-2", "COLLABORATOR", 2)]),
        ("WRITER", [("person-2", "COLLABORATOR", 1)]),
        ("PRODUCER", [("person-4", "COLLABORATOR", 1)]),
        ("ACTOR", [("person-3", "COLLABORATOR", 2)]),
        ("HOST", []),
    ],
)
async def test_with_a_role_collaborators_have_that_one_and_the_person_any(
    people: Library, role: str, expected: list[tuple[str, str, int]]
) -> None:
    assert await related(people, type="collaborators", collaborator_role=role) == expected


async def test_a_collaborator_shows_the_shared_movies_newest_first_each_once(people: Library) -> None:
    answer = (await people.get(PERSON, "person-1/related")).json()

    director = answer["related_people"][0]
    assert [
        (movie["movie_slug"], movie["person_role"], movie["collaborator_role"]) for movie in director["collaborations"]
    ] == [
        ("the-matrix-reloaded-2003", "ACTOR", "DIRECTOR"),
        ("the-matrix-1999", "ACTOR", "DIRECTOR"),
    ]
    matrix = (await people.http.get("/api/v1/movies?q=matrix&year=1999")).json()["data"][0]
    assert director["collaborations"][1] == {
        "movie_id": matrix["id"],
        "movie_slug": "the-matrix-1999",
        "movie_title": "The Matrix",
        "person_role": "ACTOR",
        "collaborator_role": "DIRECTOR",
    }
    actor = answer["related_people"][1]
    assert [(movie["person_role"], movie["collaborator_role"]) for movie in actor["collaborations"]] == [
        ("DIRECTOR", "ACTOR")
    ]


async def test_people_of_the_same_name_come_youngest_first_without_collaborations(people: Library) -> None:
    answer = (await people.get(PERSON, "person-1/related", type="same_name")).json()

    shown = [
        {name: value for name, value in one.items() if name not in {"id", "slug"}} for one in answer["related_people"]
    ]
    alike = {"name": "Person 1", "relationship_type": "SAME_NAME"}
    assert shown == [
        alike | {"birth_date": "1970-01-01", "birthplace": None},
        alike | {"birth_date": "1950-05-05", "birthplace": "Leeds, England"},
        alike | {"birth_date": None, "birthplace": None},
    ]
    assert len({one["slug"] for one in answer["related_people"]} | {"person-1"}) == 4


async def test_everybody_is_shown_collaborators_first(people: Library) -> None:
    found = await related(people)

    assert [type_ for _, type_, _ in found] == ["COLLABORATOR"] * 3 + ["SAME_NAME"] * 3


async def test_limit_cuts_the_list_and_not_the_counts(people: Library) -> None:
    answers = [(await people.get(PERSON, "person-1/related", limit=limit)).json() for limit in (1, 4, 100)]

    assert [[one["relationship_type"] for one in answer["related_people"]][-1] for answer in answers] == [
        "COLLABORATOR",
        "SAME_NAME",
        "SAME_NAME",
    ]
    assert [answer["count"] for answer in answers] == [1, 4, 6]
    assert {(answer["filters"]["collaborators_count"], answer["filters"]["same_name_count"]) for answer in answers} == {
        (3, 3)
    }


async def test_the_answer_names_the_person_the_filter_and_its_addresses(people: Library) -> None:
    own = f"{BASE}/api/v1/people/person-1"

    answer = (await people.get(PERSON, "person-1/related", collaborator_role="WRITER", limit=7)).json()

    assert (answer["person"]["slug"], answer["person"]["name"]) == ("person-1", "Person 1")
    assert answer["filters"] == {"type": "all", "collaborators_count": 1, "same_name_count": 3}
    assert {name: link["href"] for name, link in answer["_links"].items()} == {
        "self": f"{own}/related?collaborator_role=WRITER&limit=7",
        "person": own,
        "collaborators": f"{own}/related?type=collaborators",
        "same_name": f"{own}/related?type=same_name",
    }
    for link in answer["_links"].values():
        if link["href"] != own:
            assert (await people.http.get(link["href"])).status_code == 200


async def test_somebody_without_relations_has_an_empty_list(people: Library) -> None:
    answer = (await people.get(PERSON, "person-10/related")).json()

    assert (answer["related_people"], answer["count"]) == ([], 0)
    assert answer["filters"] == {"type": "all", "collaborators_count": 0, "same_name_count": 0}
