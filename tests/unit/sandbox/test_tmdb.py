from typing import Any

import httpx
import pytest

from sandbox.tmdb.offers import REGIONS
from sandbox.tmdb.store import FIRST_DERIVED_ID, Store

API = "/tmdb/3"


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("the matrix", [603, 604]),
        ("MATRIX reloaded", [604]),
        ("matrix", [603, 604]),
        ("amelie", [194]),
        ("Amelia", [194]),
        ("fabuleux destin", [194]),
        ("Breaking Bad", []),
        ("!!!", []),
    ],
)
async def test_a_movie_is_found_by_any_title_best_match_first(
    client: httpx.AsyncClient, query: str, ids: list[int]
) -> None:
    body = (await client.get(f"{API}/search/movie", params={"query": query})).json()

    assert [hit["id"] for hit in body["results"]] == ids
    assert body["page"] == 1
    assert body["total_results"] == len(ids)


@pytest.mark.parametrize("member", ["year", "primary_release_year"])
async def test_a_search_keeps_the_year_asked_for(client: httpx.AsyncClient, member: str) -> None:
    body = (await client.get(f"{API}/search/movie", params={"query": "matrix", member: "2003"})).json()

    assert [hit["id"] for hit in body["results"]] == [604]


async def test_a_hit_has_the_fields_of_tmdb(client: httpx.AsyncClient) -> None:
    params = {"query": "matrix", "language": "pl-PL"}
    hit = (await client.get(f"{API}/search/movie", params=params)).json()["results"][0]

    assert hit == {
        "adult": False,
        "backdrop_path": None,
        "genre_ids": [28, 878],
        "id": 603,
        "original_language": "en",
        "original_title": "The Matrix",
        "overview": hit["overview"],
        "popularity": 85.2,
        "poster_path": None,
        "release_date": "1999-03-31",
        "title": "Matrix",
        "video": False,
        "vote_average": 8.2,
        "vote_count": 24000,
    }


async def test_shows_people_and_everything_can_be_searched(client: httpx.AsyncClient) -> None:
    shows = (await client.get(f"{API}/search/tv", params={"query": "breaking", "first_air_date_year": "2008"})).json()
    people = (await client.get(f"{API}/search/person", params={"query": "keanu reeves"})).json()
    everything = (await client.get(f"{API}/search/multi", params={"query": "br"})).json()

    assert shows["results"][0]["name"] == "Breaking Bad"
    assert people["results"][0]["id"] == 6384
    assert people["results"][0]["known_for"][0]["id"] == 603
    assert [(hit["media_type"], hit.get("name")) for hit in everything["results"]] == [
        ("tv", "Breaking Bad"),
        ("person", "Bryan Cranston"),
    ]


async def test_a_page_outside_the_range_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.get(f"{API}/search/movie", params={"query": "matrix", "page": "0"})

    assert response.status_code == 400
    assert response.json()["status_code"] == 22


async def test_details_carry_the_parts_asked_for(client: httpx.AsyncClient) -> None:
    parts = "credits,external_ids,videos,recommendations,keywords,alternative_titles,translations,watch/providers,x"
    body = (await client.get(f"{API}/movie/603", params={"append_to_response": f"{parts},release_dates"})).json()

    assert body["runtime"] == 136
    assert body["imdb_id"] == "tt0133093"
    assert body["genres"] == [{"id": 28, "name": "Action"}, {"id": 878, "name": "Science Fiction"}]
    assert body["belongs_to_collection"]["id"] == 2344
    assert body["credits"]["cast"][0] | {"credit_id": ""} == {
        "adult": False,
        "gender": 2,
        "id": 6384,
        "known_for_department": "Acting",
        "name": "Keanu Reeves",
        "original_name": "Keanu Reeves",
        "popularity": 42.6,
        "profile_path": None,
        "cast_id": 1,
        "character": "Neo",
        "credit_id": "",
        "order": 0,
    }
    crew = [(one["name"], one["department"], one["job"]) for one in body["credits"]["crew"]]
    assert ("Lana Wachowski", "Directing", "Director") in crew
    assert ("Lana Wachowski", "Writing", "Writer") in crew
    assert ("Joel Silver", "Production", "Producer") in crew
    assert body["recommendations"]["results"][0]["id"] == 604
    assert body["alternative_titles"]["titles"] == [{"iso_3166_1": "PL", "title": "Matrix", "type": ""}]
    assert body["watch/providers"]["results"].keys() <= set(REGIONS)
    assert body["videos"]["results"][0]["type"] == "Trailer"
    assert "x" not in body


async def test_a_show_has_creators_networks_and_aggregate_credits(client: httpx.AsyncClient) -> None:
    body = (await client.get(f"{API}/tv/1396?append_to_response=aggregate_credits,content_ratings,external_ids")).json()

    assert body["created_by"][0]["name"] == "Vince Gilligan"
    assert body["networks"][0]["name"] == "AMC"
    assert body["type"] == "Scripted"
    assert body["in_production"] is False
    assert body["aggregate_credits"]["cast"][0]["roles"][0]["character"] == "Walter White"
    assert body["aggregate_credits"]["crew"][0]["jobs"][0]["job"] == "Executive Producer"


async def test_a_person_has_birth_facts_and_credits(client: httpx.AsyncClient) -> None:
    body = (await client.get(f"{API}/person/6384?append_to_response=combined_credits,movie_credits,tv_credits")).json()

    assert body["birthday"] == "1964-09-02"
    assert body["place_of_birth"] == "Beirut, Lebanon"
    assert [credit["id"] for credit in body["combined_credits"]["cast"]] == [603, 604, 194]
    assert body["combined_credits"]["cast"][0]["media_type"] == "movie"
    assert body["tv_credits"] == {"cast": [], "crew": []}


async def test_someone_only_credited_has_a_stable_id_and_no_birth_facts(
    client: httpx.AsyncClient, store: Store
) -> None:
    person_id = store.credited("Vince Gilligan").id
    body = (await client.get(f"{API}/person/{person_id}")).json()

    assert person_id == Store([], [store.patch("tv", 1396, {})], {}).credited("Vince Gilligan").id
    assert person_id >= FIRST_DERIVED_ID
    assert body["name"] == "Vince Gilligan"
    assert body["birthday"] is None
    assert body["biography"] == ""


@pytest.mark.parametrize(
    ("path", "member"),
    [
        ("/movie/603/credits", "cast"),
        ("/movie/603/watch/providers", "results"),
        ("/tv/1396/aggregate_credits", "crew"),
        ("/person/6384/combined_credits", "cast"),
        ("/collection/2344", "parts"),
        ("/find/tt0133093?external_source=imdb_id", "movie_results"),
        ("/genre/movie/list", "genres"),
        ("/genre/tv/list", "genres"),
        ("/configuration", "images"),
        ("/trending/movie/day", "results"),
        ("/trending/tv/week", "results"),
    ],
)
async def test_every_other_path_answers(client: httpx.AsyncClient, path: str, member: str) -> None:
    response = await client.get(f"{API}{path}")

    assert response.status_code == 200
    assert member in response.json()


@pytest.mark.parametrize(
    "path", ["/movie/1", "/tv/1", "/person/1", "/collection/1", "/movie/1/credits", "/trending/tv/x"]
)
async def test_an_unknown_id_is_a_404_of_tmdb(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(f"{API}{path}")

    assert response.status_code == 404
    assert response.json() == {
        "success": False,
        "status_code": 34,
        "status_message": "The resource you requested could not be found.",
    }


@pytest.mark.parametrize(
    ("headers", "params", "status"),
    [
        ({"authorization": ""}, {}, 401),
        ({"authorization": "Bearer invalid"}, {}, 401),
        ({"authorization": ""}, {"api_key": "invalid"}, 401),
        ({"authorization": ""}, {"api_key": "abc"}, 200),
        ({"authorization": "Bearer abc"}, {}, 200),
    ],
)
async def test_a_key_is_needed(
    client: httpx.AsyncClient, headers: dict[str, str], params: dict[str, str], status: int
) -> None:
    response = await client.get(f"{API}/movie/603", headers=headers, params=params)

    assert response.status_code == status
    assert status == 200 or response.json()["status_code"] == 7


async def test_changed_facts_show_everywhere_until_they_are_restored(client: httpx.AsyncClient) -> None:
    change: dict[str, Any] = {"title": "The Matrix Again", "cast": [["New Name", "Neo"]]}

    patched = await client.patch("/_sandbox/facts/movie/603", json=change)
    changed = (await client.get(f"{API}/movie/603?append_to_response=credits")).json()
    listed = (await client.get(f"{API}/movie/changes")).json()
    restored = await client.delete("/_sandbox/facts")
    original = (await client.get(f"{API}/movie/603")).json()

    assert patched.json()["title"] == "The Matrix Again"
    assert changed["title"] == "The Matrix Again"
    assert [one["name"] for one in changed["credits"]["cast"]] == ["New Name"]
    assert listed["results"] == [{"id": 603, "adult": False}]
    assert restored.json() == {"restored": 1}
    assert original["title"] == "The Matrix"


async def test_adult_titles_are_found_only_when_asked_for(client: httpx.AsyncClient) -> None:
    await client.patch("/_sandbox/facts/movie/194", json={"adult": True})

    hidden = (await client.get(f"{API}/search/movie", params={"query": "amelie"})).json()
    shown = (await client.get(f"{API}/search/movie", params={"query": "amelie", "include_adult": "true"})).json()

    assert hidden["total_results"] == 0
    assert shown["results"][0]["adult"] is True
