"""`GET /api/v1/movies/{slug}/collection`."""

import pytest
from tests.integration.gateway_related.library import BASE, MATRIX, MOVIE, SERIES, Library, by, released

from shared.entities import CollectionFact


@pytest.fixture
async def trilogy(library: Library) -> Library:
    other = CollectionFact(tmdb_id=1, name="Other")
    await library.store(
        released(MOVIE, "The Matrix Resurrections", None, 4, collection=MATRIX),
        released(MOVIE, "The Matrix Revolutions", "2003-11-05", 605, collection=MATRIX),
        released(MOVIE, "The Matrix Reloaded", "2003-05-15", 604, collection=MATRIX),
        released(MOVIE, "The Matrix", "1999-03-31", 603, by(1), collection=MATRIX),
        released(MOVIE, "Elsewhere", "2001-01-01", 5, collection=other),
        released(MOVIE, "Alone", "2001-01-01", 6),
        released(SERIES, "The Matrix", "2001-01-01", 7),
    )
    return library


async def test_a_collection_holds_its_stored_movies_in_the_order_of_their_release(trilogy: Library) -> None:
    answer = (await trilogy.get(MOVIE, "the-matrix-reloaded-2003/collection")).json()

    assert answer["collection"] == {"name": "The Matrix Collection", "tmdb_collection_id": 2344, "count": 4}
    assert [movie["slug"] for movie in answer["movies"]] == [
        "the-matrix-1999",
        "the-matrix-reloaded-2003",
        "the-matrix-revolutions-2003",
        "the-matrix-resurrections",
    ]
    assert answer["_links"] == {"self": {"href": f"{BASE}/api/v1/movies/the-matrix-reloaded-2003/collection"}}


async def test_its_movies_are_resources_as_in_a_list(trilogy: Library) -> None:
    listed = (await trilogy.http.get("/api/v1/movies?q=matrix&year=1999")).json()["data"]

    answer = (await trilogy.get(MOVIE, "the-matrix-1999/collection")).json()

    assert answer["movies"][:1] == listed
    assert [credit["slug"] for credit in listed[0]["people"]] == ["person-1"]


async def test_a_movie_of_no_collection_is_404(trilogy: Library) -> None:
    answer = await trilogy.get(MOVIE, "alone-2001/collection", {"Accept-Language": "pl"})

    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (404, "urn:moviemind:problem:collection-not-found")
    assert (problem["error"], problem["slug"]) == ("Collection not found", "alone-2001")
    assert problem["detail"] == "„alone-2001” nie należy do żadnej kolekcji."


async def test_only_movies_have_collections(trilogy: Library) -> None:
    answer = await trilogy.get(SERIES, "the-matrix-2001/collection")

    assert (answer.status_code, answer.json()["type"]) == (404, "urn:moviemind:problem:not-found")
