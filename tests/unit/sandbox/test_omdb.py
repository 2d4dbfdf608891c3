import datetime as dt
from typing import Any

import httpx
import pytest
from tests.unit.sandbox.conftest import AMELIE, MOVIE, PEOPLE, RELOADED, SHOW

from sandbox.omdb.item import item
from sandbox.tmdb.store import Store


@pytest.fixture
def store() -> Store:
    return Store([MOVIE, RELOADED, AMELIE], [SHOW | {"imdb_id": "tt0903747"}], PEOPLE)


@pytest.fixture
async def omdb(client: httpx.AsyncClient) -> httpx.AsyncClient:
    await client.put("/_sandbox/day", json={"date": "2026-03-01"})
    return client


async def ask(client: httpx.AsyncClient, **params: str) -> dict[str, Any]:
    response = await client.get("/omdb/", params={"apikey": "k", **params})
    assert response.status_code == 200, response.text
    return response.json()


async def test_a_film_has_its_facts_as_texts(omdb: httpx.AsyncClient) -> None:
    body = await ask(omdb, i="tt0133093", type="movie")

    assert (body["Title"], body["Year"], body["Released"], body["Runtime"]) == (
        "The Matrix",
        "1999",
        "31 Mar 1999",
        "136 min",
    )
    assert (body["imdbID"], body["Type"], body["Response"]) == ("tt0133093", "movie", "True")
    assert "," in body["imdbVotes"]
    assert all(isinstance(value, str) for name, value in body.items() if name != "Ratings")


async def test_ratings_stand_in_rows_and_members(omdb: httpx.AsyncClient) -> None:
    body = await ask(omdb, i="tt0133093")

    rows = {row["Source"]: row["Value"] for row in body["Ratings"]}
    assert rows["Internet Movie Database"] == f"{body['imdbRating']}/10"
    assert rows["Metacritic"] == f"{body['Metascore']}/100"
    assert rows["Rotten Tomatoes"].endswith("%")


async def test_a_series_has_seasons_and_both_years(omdb: httpx.AsyncClient) -> None:
    body = await ask(omdb, i="tt0903747", type="series")

    assert (body["Type"], body["totalSeasons"], body["Year"]) == ("series", "5", "2008\N{EN DASH}2013")
    assert (body["Director"], body["Writer"]) == ("N/A", "Vince Gilligan")


async def test_nobody_voted_is_not_available(omdb: httpx.AsyncClient) -> None:
    await omdb.patch("/_sandbox/facts/movie/603", json={"vote_count": 0})

    body = await ask(omdb, i="tt0133093")

    assert (body["imdbRating"], body["imdbVotes"]) == ("N/A", "N/A")


async def test_votes_come_in_from_day_to_day(omdb: httpx.AsyncClient) -> None:
    first = await ask(omdb, i="tt0133093")
    again = await ask(omdb, i="tt0133093")
    await omdb.put("/_sandbox/day", json={"date": "+1"})
    later = await ask(omdb, i="tt0133093")

    assert first == again
    assert int(first["imdbVotes"].replace(",", "")) < int(later["imdbVotes"].replace(",", ""))
    assert first["Metascore"] == later["Metascore"]


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"i": "tt1"}, "Incorrect IMDb ID."),
        ({"i": ""}, "Incorrect IMDb ID."),
        ({}, "Incorrect IMDb ID."),
        ({"i": "tt9999999"}, "Error getting data."),
        ({"i": "tt0133093", "type": "series"}, "Series not found!"),
        ({"i": "tt0903747", "type": "movie"}, "Movie not found!"),
    ],
    ids=["short", "empty", "none", "unknown", "a-film-is-no-series", "a-series-is-no-film"],
)
async def test_what_omdb_does_not_have_is_an_error_with_200(
    omdb: httpx.AsyncClient, params: dict[str, str], error: str
) -> None:
    assert await ask(omdb, **params) == {"Response": "False", "Error": error}


@pytest.mark.parametrize(
    ("key", "error"), [("", "No API key provided."), ("invalid", "Invalid API key!")], ids=["none", "bad"]
)
async def test_a_key_is_needed(omdb: httpx.AsyncClient, key: str, error: str) -> None:
    response = await omdb.get("/omdb/", params={"apikey": key, "i": "tt0133093"})

    assert response.status_code == 401
    assert response.json() == {"Response": "False", "Error": error}


async def test_a_key_has_a_thousand_calls_a_day(omdb: httpx.AsyncClient) -> None:
    statuses = [(await omdb.get("/omdb/", params={"apikey": "k", "i": "tt0133093"})).status_code for _ in range(1001)]
    refused = await omdb.get("/omdb/", params={"apikey": "k", "i": "tt0133093"})
    other = await omdb.get("/omdb/", params={"apikey": "other", "i": "tt0133093"})
    await omdb.put("/_sandbox/day", json={"date": "+1"})

    assert statuses == [200] * 1000 + [401]
    assert refused.json() == {"Response": "False", "Error": "Request limit reached!"}
    assert other.status_code == 200
    assert (await ask(omdb, i="tt0133093"))["Response"] == "True"


async def test_the_quota_of_a_day_can_be_set(omdb: httpx.AsyncClient) -> None:
    await omdb.put("/_sandbox/limits", json={"provider": "omdb", "requests": 1})

    statuses = [(await omdb.get("/omdb/", params={"apikey": "k", "i": "tt0133093"})).status_code for _ in range(2)]

    assert statuses == [200, 401]


async def test_the_ledger_has_the_call_but_not_the_key(omdb: httpx.AsyncClient) -> None:
    await omdb.get("/omdb/", params={"apikey": "secret", "i": "tt0133093"})

    ledger = await omdb.get("/_sandbox/ledger", params={"provider": "omdb", "title": "the matrix"})

    assert ledger.json()["count"] == 1
    assert ledger.json()["calls"][0]["query"] == "i=tt0133093"
    assert "secret" not in ledger.text


def test_some_titles_have_no_score_of_the_critics() -> None:
    store = Store.packaged()
    bodies = [item(title, dt.date(2026, 3, 1)) for title in store.movies.values()]

    sources = [{row["Source"] for row in body["Ratings"]} for body in bodies]
    without = sum("Metacritic" not in found for found in sources)
    assert 20 < without < len(bodies) / 2
    assert any("Rotten Tomatoes" not in found for found in sources)
    assert all(
        body["Metascore"] == "N/A" for body, found in zip(bodies, sources, strict=True) if "Metacritic" not in found
    )
