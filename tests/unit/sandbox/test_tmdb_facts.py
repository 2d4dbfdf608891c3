from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.unit.sandbox.conftest import MOVIE, PEOPLE

from sandbox.app import create_app
from sandbox.tmdb.offers import REGIONS
from sandbox.tmdb.store import Store

API = "/tmdb/3"
FACTS = Store.packaged()


@pytest.fixture
async def packaged() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(FACTS))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://sandbox", headers={"authorization": "Bearer key"}
    ) as client:
        yield client


async def get(client: httpx.AsyncClient, path: str, **params: str) -> dict[str, Any]:
    response = await client.get(f"{API}{path}", params=params)
    assert response.status_code == 200, response.text
    return response.json()


async def test_offers_are_by_region_and_category(packaged: httpx.AsyncClient) -> None:
    answers = [await get(packaged, f"/movie/{number}/watch/providers") for number in list(FACTS.movies)[:40]]

    offers = [(region, found) for body in answers for region, found in body["results"].items()]
    categories = {name for _, found in offers for name in found} - {"link"}
    assert {region for region, _ in offers} == set(REGIONS)
    assert categories == {"flatrate", "free", "ads", "rent", "buy"}
    assert any(region not in body["results"] for body in answers for region in REGIONS)
    for region, found in offers:
        assert found["link"].endswith(f"/watch?locale={region}")
        for category in found.keys() - {"link"}:
            names = {"logo_path", "provider_id", "provider_name", "display_priority"}
            assert all(offer.keys() == names for offer in found[category])


async def test_offers_change_with_the_quarter(packaged: httpx.AsyncClient) -> None:
    path = "/movie/603/watch/providers"
    await packaged.put("/_sandbox/day", json={"date": "2026-03-30"})
    first = await get(packaged, path)
    await packaged.put("/_sandbox/day", json={"date": "+1"})
    same = await get(packaged, path)
    await packaged.put("/_sandbox/day", json={"date": "+1"})
    other = await get(packaged, path)

    assert first == same != other


async def test_a_show_is_rated_by_region(packaged: httpx.AsyncClient) -> None:
    body = await get(packaged, "/tv/1396", append_to_response="content_ratings,external_ids,videos,images")

    ratings = {one["iso_3166_1"]: one["rating"] for one in body["content_ratings"]["results"]}
    assert ratings.keys() == {"DE", "ES", "FR", "GB", "PL", "US"}
    assert ratings["US"] in {"TV-PG", "TV-14", "TV-MA"}
    assert body["external_ids"]["imdb_id"] == "tt0903747"
    assert body["images"] == {"backdrops": [], "logos": [], "posters": []}


async def test_a_film_is_rated_where_it_was_shown(packaged: httpx.AsyncClient) -> None:
    body = await get(packaged, "/movie/603/release_dates")

    rated = {one["iso_3166_1"]: one["release_dates"][0]["certification"] for one in body["results"]}
    assert rated["US"] in {"PG", "PG-13", "R"}
    assert rated.keys() >= {"DE", "GB", "PL"}


async def test_harder_genres_are_for_older_people(packaged: httpx.AsyncClient) -> None:
    body = await get(packaged, "/movie/862/release_dates")

    assert {one["iso_3166_1"]: one["release_dates"][0]["certification"] for one in body["results"]}["US"] in {"G", "PG"}


async def test_trailers_are_of_youtube_and_in_the_language_asked_for(packaged: httpx.AsyncClient) -> None:
    body = await get(packaged, "/movie/603/videos", language="pl-PL")

    trailer = body["results"][0]
    assert (trailer["site"], trailer["type"], trailer["iso_639_1"], len(trailer["key"])) == (
        "YouTube",
        "Trailer",
        "pl",
        11,
    )


@pytest.mark.parametrize("kind", ["movie", "tv", "person"])
async def test_a_feed_covers_its_days_and_has_pages_of_a_hundred(packaged: httpx.AsyncClient, kind: str) -> None:
    await packaged.put("/_sandbox/day", json={"date": "2026-06-20"})
    window = {"start_date": "2026-06-06", "end_date": "2026-06-20"}

    day = await get(packaged, f"/{kind}/changes")
    first = await get(packaged, f"/{kind}/changes", **window)
    last = await get(packaged, f"/{kind}/changes", **window, page=str(first["total_pages"]))
    future = await get(packaged, f"/{kind}/changes", start_date="2026-06-21", end_date="2026-06-30")

    assert 0 < day["total_results"] < first["total_results"]
    assert len(first["results"]) == min(100, first["total_results"])
    assert len(last["results"]) == first["total_results"] - 100 * (first["total_pages"] - 1)
    assert future["total_results"] == 0


async def test_nothing_changes_until_a_day_is_set(packaged: httpx.AsyncClient) -> None:
    assert (await get(packaged, "/tv/changes"))["total_results"] == 0


@pytest.mark.parametrize(
    ("window", "status", "code"),
    [
        ({"start_date": "2026-06-01", "end_date": "2026-06-16"}, 422, 20),
        ({"start_date": "2026-06-02", "end_date": "2026-06-01"}, 422, 20),
        ({"start_date": "June"}, 422, 5),
        ({"page": "0"}, 400, 22),
    ],
    ids=["fifteen-days", "backwards", "no-date", "no-page"],
)
async def test_a_window_is_of_fourteen_days(
    packaged: httpx.AsyncClient, window: dict[str, str], status: int, code: int
) -> None:
    response = await packaged.get(f"{API}/movie/changes", params=window)

    assert (response.status_code, response.json()["status_code"]) == (status, code)


async def test_a_limit_turns_calls_away_once_one_is_set(packaged: httpx.AsyncClient) -> None:
    await packaged.put("/_sandbox/limits", json={"provider": "tmdb", "requests": 1, "period_s": 10})

    statuses = [await packaged.get(f"{API}/movie/603") for _ in range(2)]

    assert [answer.status_code for answer in statuses] == [200, 429]
    assert 1 <= int(statuses[1].headers["retry-after"]) <= 10
    assert statuses[1].json()["status_code"] == 25


async def test_a_film_without_a_runtime_has_none_on_any_day() -> None:
    store = Store([MOVIE | {"runtime": None}], [], PEOPLE)
    transport = httpx.ASGITransport(create_app(store))
    headers = {"authorization": "Bearer key"}
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox", headers=headers) as client:
        await client.put("/_sandbox/day", json={"date": "2026-06-20"})

        assert (await get(client, "/movie/603"))["runtime"] is None
