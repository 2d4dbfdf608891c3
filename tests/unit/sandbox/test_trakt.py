import datetime as dt
from typing import Any

import httpx
import orjson
import pytest
from tests.unit.sandbox.conftest import AMELIE, MOVIE, PEOPLE, RELOADED, SHOW

from sandbox.tmdb.store import Store

HEADERS = {"trakt-api-key": "client-id", "trakt-api-version": "2", "content-type": "application/json"}
RETURNING: dict[str, Any] = {
    **SHOW,
    "id": 456,
    "imdb_id": "tt0096697",
    "name": "The Simpsons",
    "original_name": "The Simpsons",
    "first_air_date": "1989-12-17",
    "number_of_seasons": 36,
    "status": "Returning Series",
    "genres": ["Animation", "Comedy"],
    "networks": ["FOX"],
    "popularity": 330.0,
}


@pytest.fixture
def store() -> Store:
    return Store([MOVIE, RELOADED, AMELIE], [SHOW | {"imdb_id": "tt0903747"}, RETURNING], PEOPLE)


@pytest.fixture
async def trakt(client: httpx.AsyncClient) -> httpx.AsyncClient:
    await client.put("/_sandbox/day", json={"date": "2026-03-01"})
    client.headers.update(HEADERS)
    return client


async def get(client: httpx.AsyncClient, path: str, **params: str | int) -> Any:
    response = await client.get(f"/trakt{path}", params=params)
    assert response.status_code == 200, response.text
    return response.json()


async def test_trending_wraps_each_title_with_its_watchers_most_watched_first(trakt: httpx.AsyncClient) -> None:
    films = await get(trakt, "/movies/trending")
    shows = await get(trakt, "/shows/trending")

    assert {entry["movie"]["ids"]["tmdb"] for entry in films} == {603, 604, 194}
    assert [entry["watchers"] for entry in films] == sorted((entry["watchers"] for entry in films), reverse=True)
    assert next(entry["show"] for entry in shows if entry["show"]["title"] == "Breaking Bad") == {
        "title": "Breaking Bad",
        "year": 2008,
        "ids": {"trakt": 4189, "slug": "breaking-bad", "tvdb": None, "imdb": "tt0903747", "tmdb": 1396},
    }


async def test_lists_have_pages_and_say_so_in_headers(trakt: httpx.AsyncClient) -> None:
    response = await trakt.get("/trakt/movies/trending", params={"limit": 2, "page": 2})

    assert len(response.json()) == 1
    assert {name: value for name, value in response.headers.items() if name.startswith("x-pagination")} == {
        "x-pagination-page": "2",
        "x-pagination-limit": "2",
        "x-pagination-page-count": "2",
        "x-pagination-item-count": "3",
    }
    assert int(response.headers["x-trending-user-count"]) > response.json()[0]["watchers"]


@pytest.mark.parametrize("period", ["", "/daily", "/weekly", "/monthly", "/yearly", "/all"])
async def test_watched_counts_watchers_of_a_period(trakt: httpx.AsyncClient, period: str) -> None:
    entries = await get(trakt, f"/shows/watched{period}", limit=100)

    assert {entry["show"]["title"] for entry in entries} == {"Breaking Bad", "The Simpsons"}
    assert entries[0]["watcher_count"] >= entries[1]["watcher_count"] > 0
    assert "watchers" not in entries[0]


async def test_more_watch_in_a_longer_period(trakt: httpx.AsyncClient) -> None:
    counts = [(await get(trakt, f"/movies/watched/{period}"))[0]["watcher_count"] for period in ("daily", "monthly")]

    assert counts[0] < counts[1]


@pytest.mark.parametrize("by", ["the-matrix-1999", "tt0133093", "1810"])
async def test_a_title_is_known_by_slug_imdb_id_and_trakt_id(trakt: httpx.AsyncClient, by: str) -> None:
    assert (await get(trakt, f"/movies/{by}"))["ids"]["tmdb"] == 603


async def test_ratings_are_the_mean_of_their_distribution(trakt: httpx.AsyncClient) -> None:
    body = await get(trakt, "/shows/breaking-bad/ratings")

    counts = {int(bucket): count for bucket, count in body["distribution"].items()}
    assert sorted(counts) == list(range(1, 11))
    assert sum(counts.values()) == body["votes"] > 0
    assert body["rating"] == round(sum(bucket * count for bucket, count in counts.items()) / body["votes"], 5)


async def test_nobody_voted_is_a_rating_of_zero(trakt: httpx.AsyncClient) -> None:
    await trakt.patch("/_sandbox/facts/movie/194", json={"vote_count": 0, "popularity": 0.0})

    body = await get(trakt, "/movies/amelie-2001/ratings")

    assert (body["rating"], body["votes"], set(body["distribution"].values())) == (0.0, 0, {0})


async def test_stats_of_shows_count_episodes(trakt: httpx.AsyncClient) -> None:
    film = await get(trakt, "/movies/the-matrix-1999/stats")
    show = await get(trakt, "/shows/breaking-bad/stats")

    assert film.keys() == {"watchers", "plays", "collectors", "comments", "lists", "votes", "favorited"}
    assert show.keys() - film.keys() == {"collected_episodes"}


async def test_related_titles_are_bare(trakt: httpx.AsyncClient) -> None:
    body = await get(trakt, "/movies/the-matrix-1999/related")

    assert [item["ids"]["tmdb"] for item in body] == [604, 194]
    assert body[0].keys() == {"title", "year", "ids"}


async def test_the_calendar_has_the_episodes_of_its_days(trakt: httpx.AsyncClient) -> None:
    response = await trakt.get("/trakt/calendars/all/shows/2026-01-01/33")
    entries = [
        entry
        for month in range(1, 13)
        for entry in await get(trakt, f"/calendars/all/shows/2026-{month:02}-01/28", extended="full")
    ]

    assert (response.headers["x-start-date"], response.headers["x-end-date"]) == ("2026-01-01", "2026-02-02")
    assert {entry["show"]["title"] for entry in entries} == {"The Simpsons"}
    assert {entry["show"]["network"] for entry in entries} == {"FOX"}
    assert [entry["first_aired"] for entry in entries] == sorted(entry["first_aired"] for entry in entries)
    episode = next(entry["episode"] for entry in entries if entry["episode"]["season"])
    assert (episode["season"], episode.keys()) == (37, {"season", "number", "title", "ids"})


async def test_the_network_needs_extended_full(trakt: httpx.AsyncClient) -> None:
    short, full = await get(trakt, "/shows/the-simpsons"), await get(trakt, "/shows/the-simpsons", extended="full")

    assert "network" not in short
    assert (full["network"], full["status"], full["genres"]) == ("FOX", "returning series", ["animation", "comedy"])


@pytest.mark.parametrize("path", ["/shows/nobody", "/movies/breaking-bad/ratings", "/movies/watched/hourly"])
async def test_what_trakt_does_not_have_is_404(trakt: httpx.AsyncClient, path: str) -> None:
    assert (await trakt.get(f"/trakt{path}")).status_code == 404


@pytest.mark.parametrize("path", ["/calendars/all/shows/soon/7", "/calendars/all/shows/2026-02-30/7"])
async def test_a_calendar_begins_on_a_date(trakt: httpx.AsyncClient, path: str) -> None:
    assert (await trakt.get(f"/trakt{path}")).status_code == 404


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"trakt-api-key": ""}, 403),
        ({"trakt-api-key": "invalid"}, 403),
        ({"trakt-api-version": "1"}, 412),
        ({"content-type": "text/html"}, 412),
        ({"authorization": "Bearer invalid"}, 401),
    ],
    ids=["no-key", "bad-key", "version", "media-type", "token"],
)
async def test_the_required_headers_are_required(trakt: httpx.AsyncClient, change: dict[str, str], status: int) -> None:
    response = await trakt.get("/trakt/movies/trending", headers=change)

    assert (response.status_code, response.content) == (status, b"")


async def test_a_key_has_so_many_calls_in_a_window(trakt: httpx.AsyncClient) -> None:
    limit = {"provider": "trakt", "key": "client-id", "requests": 2, "period_s": 300}
    await trakt.put("/_sandbox/limits", json=limit)

    answers = [await trakt.get("/trakt/movies/trending") for _ in range(3)]
    other = await trakt.get("/trakt/movies/trending", headers={"trakt-api-key": "other"})
    await trakt.delete("/_sandbox/limits")

    shown = [orjson.loads(answer.headers["x-ratelimit"]) for answer in answers]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [one["remaining"] for one in shown] == [1, 0, 0]
    assert shown[0]["name"] == "UNAUTHED_API_GET_LIMIT"
    assert 1 <= int(answers[2].headers["retry-after"]) <= 300
    assert dt.datetime.fromisoformat(shown[2]["until"]) > dt.datetime.fromisoformat("2026-01-01T00:00:00Z")
    assert orjson.loads(other.headers["x-ratelimit"])["limit"] == 500
    assert (await trakt.get("/trakt/movies/trending")).status_code == 200
