from typing import Any

import httpx
import pytest
from tests.unit.sandbox.conftest import MOVIE, PEOPLE, RELOADED, SHOW

from sandbox.app import create_app
from sandbox.tmdb.store import Store

API = "/tmdb/3"


def ids(answer: dict[str, Any]) -> list[int]:
    return [item["id"] for item in answer["results"]]


async def get(client: httpx.AsyncClient, path: str, **params: str) -> dict[str, Any]:
    response = await client.get(f"{API}{path}", params=params)
    assert response.status_code == 200, response.text
    return response.json()


async def test_a_film_names_its_collection(client: httpx.AsyncClient) -> None:
    film, without = await get(client, "/movie/603"), await get(client, "/movie/194")

    assert film["belongs_to_collection"] == {
        "id": 2344,
        "name": "The Matrix Collection",
        "poster_path": None,
        "backdrop_path": None,
    }
    assert without["belongs_to_collection"] is None


async def test_a_collection_has_its_films_in_the_order_of_release(client: httpx.AsyncClient) -> None:
    body = await get(client, "/collection/2344", language="pl-PL")
    parts = body.pop("parts")

    assert body == {
        "id": 2344,
        "name": "The Matrix Collection",
        "original_language": "en",
        "original_name": "The Matrix Collection",
        "overview": "",
        "poster_path": None,
        "backdrop_path": None,
    }
    assert [(part["id"], part["media_type"], part["title"]) for part in parts] == [
        (603, "movie", "Matrix"),
        (604, "movie", "The Matrix Reloaded"),
    ]


async def test_a_collection_is_found_by_its_name(client: httpx.AsyncClient) -> None:
    body = await get(client, "/search/collection", query="matrix")

    assert body["results"] == [
        {
            "adult": False,
            "backdrop_path": None,
            "id": 2344,
            "name": "The Matrix Collection",
            "original_language": "en",
            "original_name": "The Matrix Collection",
            "overview": "",
            "poster_path": None,
        }
    ]
    assert (body["page"], body["total_pages"], body["total_results"]) == (1, 1, 1)
    assert ids(await get(client, "/search/collection", query="godfather")) == []


async def test_recommended_is_the_collection_then_who_shares_people(client: httpx.AsyncClient) -> None:
    body = await get(client, "/movie/603/recommendations")

    assert ids(body) == [604, 194]
    assert body.keys() == {"page", "results", "total_pages", "total_results"}
    assert body["results"][0]["media_type"] == "movie"
    assert body["results"][0]["genre_ids"] == [28, 878]


async def test_similar_is_what_shares_genres(client: httpx.AsyncClient) -> None:
    body = await get(client, "/movie/603/similar")

    assert ids(body) == [604]
    assert "media_type" not in body["results"][0]


@pytest.mark.parametrize("name", ["recommendations", "similar"])
async def test_a_list_is_the_same_under_append_to_response(client: httpx.AsyncClient, name: str) -> None:
    appended = await get(client, "/movie/603", append_to_response=name)
    of_show = await get(client, "/tv/1396", append_to_response=name)
    of_person = await get(client, "/person/6384", append_to_response=name)

    assert appended[name] == await get(client, f"/movie/603/{name}")
    assert of_show[name] == {"page": 1, "results": [], "total_pages": 0, "total_results": 0}
    assert name not in of_person


async def test_shows_are_recommended_beside_shows(client: httpx.AsyncClient) -> None:
    other: dict[str, Any] = {**SHOW, "id": 60059, "name": "Better Call Saul", "original_name": "Better Call Saul"}
    transport = httpx.ASGITransport(create_app(Store([MOVIE], [SHOW, other], PEOPLE)))
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox", headers=client.headers) as two:
        body = await get(two, "/tv/1396/recommendations")

    assert [(hit["id"], hit["media_type"]) for hit in body["results"]] == [(60059, "tv")]


async def test_long_lists_have_pages(client: httpx.AsyncClient) -> None:
    films = [{**RELOADED, "id": number, "imdb_id": None, "collection": None} for number in range(1000, 1050)]
    transport = httpx.ASGITransport(create_app(Store([MOVIE, *films], [], {})))
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox", headers=client.headers) as many:
        first, second = [await get(many, "/movie/603/similar", page=page) for page in ("1", "2")]
        refused = await many.get(f"{API}/movie/603/similar", params={"page": "0"})

    assert ids(first) + ids(second) == list(range(1000, 1040))
    assert (first["total_pages"], second["page"], second["total_results"]) == (2, 2, 40)
    assert refused.json()["status_code"] == 22


async def test_adult_titles_are_not_recommended(client: httpx.AsyncClient) -> None:
    await client.patch("/_sandbox/facts/movie/604", json={"adult": True})

    assert ids(await get(client, "/movie/603/recommendations")) == [194]


@pytest.mark.parametrize("path", ["/movie/1/recommendations", "/tv/1/similar"])
async def test_nothing_is_related_to_an_unknown_id(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(f"{API}{path}")

    assert response.status_code == 404
    assert response.json()["status_code"] == 34


async def test_titles_in_other_languages_have_the_names_of_the_languages(client: httpx.AsyncClient) -> None:
    others = await get(client, "/movie/194/alternative_titles")
    translations = await get(client, "/movie/194/translations")

    assert others == {"id": 194, "titles": [{"iso_3166_1": "PL", "title": "Amelia", "type": ""}]}
    assert translations["id"] == 194
    assert translations["translations"][1] == {
        "iso_3166_1": "PL",
        "iso_639_1": "pl",
        "name": "Polski",
        "english_name": "Polish",
        "data": {"title": "Amelia", "overview": "", "tagline": "", "homepage": ""},
    }


class TestNamesakes:
    """Two people of one name: credits call the second by a longer key."""

    @pytest.fixture
    def store(self) -> Store:
        actor = {**PEOPLE["Keanu Reeves"], "id": 1}
        director = {**actor, "id": 2, "name": "Steve McQueen", "department": "Directing"}
        film = {**MOVIE, "directors": ["Steve McQueen (1969)"], "cast": [["Steve McQueen", "Neo"]]}
        return Store([film], [], {"Steve McQueen": actor, "Steve McQueen (1969)": director})

    async def test_each_has_the_credits_of_his_own(self, client: httpx.AsyncClient) -> None:
        credited = await get(client, "/movie/603/credits")
        director = next(one for one in credited["crew"] if one["job"] == "Director")
        actor = credited["cast"][0]
        works = await get(client, "/person/2/movie_credits")

        assert (actor["id"], director["id"]) == (1, 2)
        assert actor["name"] == director["name"] == "Steve McQueen"
        assert [(one["id"], one["job"], one["credit_id"]) for one in works["crew"]] == [
            (603, "Director", director["credit_id"])
        ]
        assert works["cast"] == []

    async def test_both_are_found(self, client: httpx.AsyncClient) -> None:
        assert ids(await get(client, "/search/person", query="steve mcqueen")) == [1, 2]

    async def test_a_new_name_keeps_the_credits_and_the_key_stays(self, client: httpx.AsyncClient) -> None:
        renamed = await client.patch("/_sandbox/facts/person/2", json={"name": "Steven McQueen"})
        refused = await client.patch("/_sandbox/facts/person/2", json={"key": "Steve McQueen"})
        works = await get(client, "/person/2/movie_credits")

        assert renamed.status_code == 200
        assert refused.status_code == 422
        assert [one["id"] for one in works["crew"]] == [603]
