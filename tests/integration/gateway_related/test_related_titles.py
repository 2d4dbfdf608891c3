"""`GET /api/v1/{type}/{slug}/related` for titles."""

import pytest
from tests.integration.gateway_related.library import (
    BASE,
    MATRIX,
    MOVIE,
    SERIES,
    SHOW,
    TITLES,
    Library,
    author,
    by,
    released,
    slugs_of,
)

from shared.entities import KINDS, CollectionFact, EntityKind, Facts, Role

every_title = pytest.mark.parametrize("kind", TITLES)


def of_collection(title: str, day: str | int | None, tmdb_id: int, collection: CollectionFact = MATRIX) -> Facts:
    return released(MOVIE, title, day, tmdb_id, collection=collection)


TRILOGY = (
    of_collection("The Matrix Revolutions", "2003-11-05", 605),
    of_collection("The Matrix", "1999-03-31", 603),
    of_collection("The Matrix Reloaded", "2003-05-15", 604),
)


async def test_movies_of_a_collection_are_sequels_and_prequels_by_release(library: Library) -> None:
    await library.store(*TRILOGY, of_collection("Elsewhere", "2000-01-01", 1, CollectionFact(tmdb_id=7, name="Other")))

    assert await library.related(MOVIE, "the-matrix-reloaded-2003") == [
        ("the-matrix-1999", "PREQUEL", -1),
        ("the-matrix-revolutions-2003", "SEQUEL", 1),
    ]
    assert await library.related(MOVIE, "the-matrix-1999") == [
        ("the-matrix-reloaded-2003", "SEQUEL", 1),
        ("the-matrix-revolutions-2003", "SEQUEL", 2),
    ]


async def test_without_dates_that_tell_the_order_movies_are_of_one_series(library: Library) -> None:
    await library.store(
        *TRILOGY,
        of_collection("The Matrix Resurrections", None, 624860),
        of_collection("The Animatrix", 2003, 55931),
    )

    assert await library.related(MOVIE, "the-matrix-resurrections", type="series") == [
        ("the-matrix-1999", "SERIES", None),
        ("the-matrix-reloaded-2003", "SERIES", None),
        ("the-matrix-revolutions-2003", "SERIES", None),
        ("the-animatrix-2003", "SERIES", None),
    ]
    assert ("the-matrix-1999", "PREQUEL", -3) in await library.related(MOVIE, "the-animatrix-2003")
    assert ("the-matrix-reloaded-2003", "SERIES", None) in await library.related(MOVIE, "the-animatrix-2003")


@every_title
async def test_the_same_title_of_another_year_is_a_remake(library: Library, kind: EntityKind) -> None:
    await library.store(
        released(kind, "Dune", 1984, 1, genres=("Adventure",), original_title="Dune"),
        released(kind, "Dune", 2021, 2, genres=("Adventure", "Drama")),
        released(kind, "Dune!", 2000, 3),
        released(kind, "Der Wüstenplanet", 1990, 4, genres=("Adventure",), original_title="Dune"),
        released(kind, "Dune", 1984, 5, genres=("Adventure",)),
        released(kind, "Dune", None, 6, genres=("Adventure",)),
        released(kind, "Dune", 2010, 7, genres=("Comedy",)),
        released(kind, "Dune Drifter", 2020, 8, genres=("Adventure",)),
    )

    assert await library.related(kind, "dune-1984", type="remake") == [
        ("der-wustenplanet-1990", "REMAKE", None),
        ("dune-2000", "REMAKE", None),
        ("dune-2021", "REMAKE", None),
    ]


async def test_movies_of_one_collection_are_no_remakes_of_each_other(library: Library) -> None:
    await library.store(of_collection("The Matrix", 1999, 603), of_collection("The Matrix", 2030, 2))

    assert await library.related(MOVIE, "the-matrix-1999") == [("the-matrix-2030", "SEQUEL", 1)]


@every_title
async def test_a_title_that_begins_with_the_whole_other_one_and_shares_its_maker_is_a_spin_off(
    library: Library, kind: EntityKind
) -> None:
    makes = author(kind)
    await library.store(
        released(kind, "Star Trek", 1966, 1, by(1, makes)),
        released(kind, "Star Trek: The Next Generation", 1987, 2, by(1, makes)),
        released(kind, "Star Trek Fans", 1997, 3, by(2, makes), by(1, Role.ACTOR)),
        released(kind, "Star Trekking", 1998, 4, by(1, makes)),
    )

    assert await library.related(kind, "star-trek-1966", type="collection") == [
        ("star-trek-the-next-generation-1987", "SPINOFF", None)
    ]
    assert await library.related(kind, "star-trek-the-next-generation-1987", type="collection") == [
        ("star-trek-1966", "SAME_UNIVERSE", None)
    ]


@every_title
async def test_who_plays_one_character_for_one_maker_lives_in_one_universe(library: Library, kind: EntityKind) -> None:
    makes = author(kind)
    await library.store(
        released(
            kind, "Breaking Bad", 2008, 1, by(1, makes), by(2, character="Saul Goodman"), by(3, character="Self - Host")
        ),
        released(kind, "Better Call Saul", 2015, 2, by(1, makes), by(2, character="saul goodman")),
        released(kind, "Another Maker", 2016, 3, by(9, makes), by(2, character="Saul Goodman")),
        released(kind, "Another Actor", 2017, 4, by(1, makes), by(4, character="Saul Goodman")),
        released(kind, "As Themselves", 2018, 5, by(1, makes), by(3, character="Self - Host")),
        released(kind, "Another Character", 2019, 6, by(1, makes), by(2, character="Saul Badman")),
    )

    assert await library.related(kind, "breaking-bad-2008", type="collection") == [
        ("better-call-saul-2015", "SAME_UNIVERSE", None)
    ]


@every_title
async def test_what_the_catalogue_recommends_is_similar_as_far_as_it_is_stored(
    library: Library, kind: EntityKind
) -> None:
    await library.store(
        released(kind, "First", 2001, 1, recommended=(4, 99, 3, 1)),
        released(kind, "Third", 2003, 3),
        released(kind, "Fourth", 2004, 4),
    )

    assert await library.related(kind, "first-2001") == [
        ("fourth-2004", "SIMILAR", None),
        ("third-2003", "SIMILAR", None),
    ]


@pytest.mark.parametrize(("kind", "other"), [(SERIES, SHOW), (SHOW, SERIES)])
async def test_a_recommendation_may_be_of_either_kind_of_television(
    library: Library, kind: EntityKind, other: EntityKind
) -> None:
    await library.store(
        released(kind, "First", 2001, 1, recommended=(2,)),
        released(other, "Second", 2002, 2),
        released(MOVIE, "A movie with the same id", 2002, 2),
    )

    answer = (await library.get(kind, "first-2001/related")).json()

    related = answer[f"related_{KINDS[kind].path.replace('-', '_')}"]
    assert [one["_links"]["self"]["href"] for one in related] == [f"{BASE}/api/v1/{KINDS[other].path}/second-2002"]


@every_title
async def test_shared_genres_and_people_make_titles_similar_in_the_order_of_their_likeness(
    library: Library, kind: EntityKind
) -> None:
    people = [by(number, order=number) for number in range(1, 5)]
    await library.store(
        released(kind, "Heat", 1995, 1, *people, genres=("Crime", "Drama")),
        released(kind, "One person", 1995, 2, *people[:1], genres=("Crime", "Drama")),
        released(kind, "Everybody", 1996, 3, *people, genres=("Crime", "Drama")),
        released(kind, "One genre", 1995, 4, *people, genres=("Crime",)),
        released(kind, "No genre", 1995, 5, *people, genres=("Comedy",)),
        released(kind, "Nobody", 1995, 6, by(77), genres=("Crime", "Drama")),
    )

    assert slugs_of(await library.related(kind, "heat-1995")) == [
        "everybody-1996",
        "one-genre-1995",
        "one-person-1995",
    ]


@every_title
async def test_likeness_is_the_score_of_a_comparison(library: Library, kind: EntityKind) -> None:
    """The order of similar titles is that of the scores that comparing them one by one gives."""
    genres = ("Crime", "Drama", "War", "Comedy")
    others = [
        released(
            kind,
            f"Title {number}",
            1900 + number * 11 if number % 5 else None,
            number + 2,
            *(by(person) for person in range(1, 2 + number % 7)),
            *(by(100 * number + person) for person in range(number % 4)),
            genres=genres[number % 3 : 2 + number % 3],
        )
        for number in range(12)
    ]
    stored = await library.store(
        released(kind, "Origin", 1980, 1, *(by(person) for person in range(1, 6)), genres=genres[:3]), *others
    )

    similar = slugs_of(await library.related(kind, stored[0].slug))
    compared = [
        (await library.get(kind, "compare", slug1=stored[0].slug, slug2=slug)).json()["comparison"] for slug in similar
    ]

    assert len(similar) == 12
    scores = [comparison["similarity_score"] for comparison in compared]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) > 6


async def test_each_title_comes_once_by_its_closest_relation(library: Library) -> None:
    cast = (by(1, Role.DIRECTOR), by(2, character="Thomas Anderson"))
    await library.store(
        released(MOVIE, "The Matrix", 1999, 603, *cast, genres=("Action",), collection=MATRIX, recommended=(604, 7, 8)),
        released(MOVIE, "The Matrix Reloaded", 2003, 604, *cast, genres=("Action",), collection=MATRIX),
        released(MOVIE, "The Matrix", 2030, 7, *cast, genres=("Action",)),
        released(MOVIE, "Speed", 1994, 8, *cast[1:], genres=("Action",)),
    )

    assert await library.related(MOVIE, "the-matrix-1999") == [
        ("the-matrix-reloaded-2003", "SEQUEL", 1),
        ("the-matrix-2030", "REMAKE", None),
        ("speed-1994", "SIMILAR", None),
    ]


@pytest.fixture
async def mixed(library: Library) -> Library:
    await library.store(
        *TRILOGY[:1],
        released(
            MOVIE, "The Matrix", "1999-03-31", 603, collection=MATRIX, recommended=(8, 9), genres=("Action", "Drama")
        ),
        released(MOVIE, "The Matrix", 2030, 7, genres=("Action",)),
        released(MOVIE, "Speed", 1994, 8, genres=("Action", "War & Politics")),
        released(MOVIE, "Heat", 1995, 9, genres=("Drama", "Action")),
    )
    return library


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        ("all", ["the-matrix-revolutions-2003", "the-matrix-2030", "speed-1994", "heat-1995"]),
        ("collection", ["the-matrix-revolutions-2003", "the-matrix-2030"]),
        ("similar", ["speed-1994", "heat-1995"]),
        ("sequel", ["the-matrix-revolutions-2003"]),
        ("prequel", []),
        ("remake", ["the-matrix-2030"]),
        ("series", []),
        ("spinoff", []),
        ("same_universe", []),
    ],
)
async def test_type_chooses_and_the_counts_stay(mixed: Library, type_: str, expected: list[str]) -> None:
    answer = (await mixed.get(MOVIE, "the-matrix-1999/related", type=type_)).json()

    assert [one["slug"] for one in answer["related_movies"]] == expected
    assert answer["count"] == len(expected)
    assert answer["filters"] == {"type": type_, "collection_count": 2, "similar_count": 2}


@pytest.mark.parametrize(
    ("query", "expected", "counts"),
    [
        ({"genre": "action"}, ["the-matrix-2030", "speed-1994", "heat-1995"], (1, 2)),
        ({"genre": "drama,action"}, ["heat-1995"], (0, 1)),
        ({"genres[]": "Drama"}, ["heat-1995"], (0, 1)),
        ({"genre[]": ["war-and-politics", "action"]}, ["speed-1994"], (0, 1)),
        ({"genre": "western"}, [], (0, 0)),
    ],
)
async def test_all_genres_must_fit_before_anything_is_counted(
    mixed: Library, query: dict[str, str], expected: list[str], counts: tuple[int, int]
) -> None:
    answer = (await mixed.get(MOVIE, "the-matrix-1999/related", **query)).json()

    assert [one["slug"] for one in answer["related_movies"]] == expected
    assert (answer["filters"]["collection_count"], answer["filters"]["similar_count"]) == counts


async def test_limit_cuts_the_list_and_not_the_counts(mixed: Library) -> None:
    answer = (await mixed.get(MOVIE, "the-matrix-1999/related", limit=1)).json()

    assert [one["slug"] for one in answer["related_movies"]] == ["the-matrix-revolutions-2003"]
    assert (answer["count"], answer["filters"]["similar_count"]) == (1, 2)


@every_title
async def test_a_related_title_is_its_resource_without_credits(library: Library, kind: EntityKind) -> None:
    first, second = await library.store(
        released(kind, "First", 2001, 1, recommended=(2,)), released(kind, "Second", 2002, 2, by(1))
    )
    await library.write(second, "A text.")
    names, path = KINDS[kind], f"{BASE}/api/v1/{KINDS[kind].path}"

    answer = (await library.get(kind, "first-2001/related", type="similar", limit=5)).json()
    listed = (await library.http.get(f"/api/v1/{names.path}")).json()["data"][0]

    assert answer[names.one] == {"id": str(first.id), "slug": "first-2001", "title": "First", names.year: 2001}
    assert answer["_links"] == {
        "self": {"href": f"{path}/first-2001/related?type=similar&limit=5"},
        names.one: {"href": f"{path}/first-2001"},
    }
    related = answer[f"related_{names.path.replace('-', '_')}"][0]
    assert related.pop("relationship_label") == "Similar"
    assert (related.pop("relationship_type"), related.pop("relationship_order")) == ("SIMILAR", None)
    del listed["people"], listed["_links"]["people"]
    assert related == listed


@every_title
async def test_a_title_without_relations_has_an_empty_list(library: Library, kind: EntityKind) -> None:
    await library.store(released(kind, "Alone", None, 1))

    answer = (await library.get(kind, "alone/related")).json()

    assert answer[f"related_{KINDS[kind].path.replace('-', '_')}"] == []
    assert answer["filters"] == {"type": "all", "collection_count": 0, "similar_count": 0}
    assert answer["_links"]["self"] == {"href": f"{BASE}/api/v1/{KINDS[kind].path}/alone/related"}
