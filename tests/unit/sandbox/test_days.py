import datetime as dt
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from sandbox.app import create_app
from sandbox.tmdb.store import Store
from sandbox.trakt.items import WITHOUT_TMDB_ID

HEADERS = {"trakt-api-key": "client-id", "trakt-api-version": "2", "authorization": "Bearer key"}
FACTS = Store.packaged()


@pytest.fixture
async def packaged() -> AsyncIterator[httpx.AsyncClient]:
    """All that is packaged, at a day of its own."""
    transport = httpx.ASGITransport(create_app(FACTS))
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox", headers=HEADERS) as client:
        yield client


async def trakt(client: httpx.AsyncClient, path: str, **params: str | int) -> Any:
    response = await client.get(f"/trakt{path}", params=params)
    assert response.status_code == 200, response.text
    return response.json()


async def tmdb(client: httpx.AsyncClient, path: str, **params: str | int) -> dict[str, Any]:
    response = await client.get(f"/tmdb/3{path}", params=params)
    assert response.status_code == 200, response.text
    return response.json()


async def go_to(client: httpx.AsyncClient, date: str) -> None:
    response = await client.put("/_sandbox/day", json={"date": date})
    assert response.status_code == 200, response.text


async def watchers_of(client: httpx.AsyncClient) -> dict[int, int]:
    entries = await trakt(client, "/movies/trending", limit=100)
    return {entry["movie"]["ids"]["trakt"]: entry["watchers"] for entry in entries}


@pytest.mark.parametrize("day", ["2026-01-01", "2026-11-20", "2028-02-29"])
@pytest.mark.parametrize("kind", ["movie", "show"])
async def test_a_hundred_titles_trend_on_every_day_and_few_have_no_tmdb_id(
    packaged: httpx.AsyncClient, kind: str, day: str
) -> None:
    await packaged.put("/_sandbox/day", json={"date": day})

    entries = await trakt(packaged, f"/{kind}s/trending", limit=100)
    again = await trakt(packaged, f"/{kind}s/trending", limit=100)

    missing = [entry for entry in entries if entry[kind]["ids"]["tmdb"] is None]
    assert len({entry[kind]["ids"]["trakt"] for entry in entries}) == 100
    assert 1 <= len(missing) <= len(WITHOUT_TMDB_ID)
    assert entries == again


async def test_the_trends_move_from_day_to_day_but_not_for_everyone(packaged: httpx.AsyncClient) -> None:
    await packaged.put("/_sandbox/day", json={"date": "2026-05-01"})
    first = await watchers_of(packaged)
    await packaged.put("/_sandbox/day", json={"date": "+1"})
    second = await watchers_of(packaged)

    both = first.keys() & second.keys()
    same = [number for number in both if first[number] == second[number]]
    assert 80 <= len(both) < 100
    assert 0 < len(same) < len(both)


async def test_slugs_belong_to_one_title(packaged: httpx.AsyncClient) -> None:
    films = await trakt(packaged, "/movies/trending", limit=1000)
    shows = await trakt(packaged, "/shows/trending", limit=1000)

    assert len({entry["movie"]["ids"]["slug"] for entry in films}) == len(films)
    assert len({entry["show"]["ids"]["slug"] for entry in shows}) == len(shows)


async def test_every_month_has_airings_of_many_shows(packaged: httpx.AsyncClient) -> None:
    entries = await trakt(packaged, "/calendars/all/shows/2026-12-01/31")

    numbered = [(one["show"]["ids"]["tmdb"], one["episode"]["season"], one["episode"]["number"]) for one in entries]
    assert len(numbered) == len(set(numbered)) > 100
    assert len({number for number, _, _ in numbered}) > 30
    assert any(season == 0 for _, season, _ in numbered)


async def test_a_day_is_set_moved_and_left(packaged: httpx.AsyncClient) -> None:
    machine = (await packaged.get("/_sandbox/day")).json()
    chosen = (await packaged.put("/_sandbox/day", json={"date": "2026-02-28"})).json()
    moved = (await packaged.put("/_sandbox/day", json={"date": "+2"})).json()
    left = (await packaged.delete("/_sandbox/day")).json()

    assert machine["set"] is left["set"] is False
    assert chosen == {"date": "2026-02-28", "set": True}
    assert moved == {"date": "2026-03-02", "set": True}


@pytest.mark.parametrize(
    "date", ["", "soon", "2026-02-30", "2025-12-31", "2100-01-01", "+x", "+-1", "+99999999999", 5, None]
)
async def test_a_day_that_is_none_is_refused(packaged: httpx.AsyncClient, date: object) -> None:
    response = await packaged.put("/_sandbox/day", json={"date": date})

    assert response.status_code == 422
    assert (await packaged.get("/_sandbox/day")).json()["set"] is False


async def test_facts_stand_still_until_a_day_is_set(packaged: httpx.AsyncClient) -> None:
    film = FACTS.movies[603]

    before = await tmdb(packaged, "/movie/603")
    await go_to(packaged, "2026-09-09")
    after = await tmdb(packaged, "/movie/603")

    members = ("popularity", "vote_average", "vote_count", "runtime")
    assert [before[name] for name in members] == [getattr(film, name) for name in members]
    assert after["vote_count"] > before["vote_count"]
    assert abs(after["runtime"] - before["runtime"]) <= 1


async def test_every_film_that_changes_its_runtime_is_in_the_changes(packaged: httpx.AsyncClient) -> None:
    await go_to(packaged, "2026-06-10")
    before = await runtimes(packaged)
    await go_to(packaged, "2026-06-20")
    after = await runtimes(packaged)
    window = {"start_date": "2026-06-11", "end_date": "2026-06-20"}
    feed = [
        entry for page in (1, 2) for entry in (await tmdb(packaged, "/movie/changes", **window, page=page))["results"]
    ]

    changed = {number for number in before if before[number] != after[number]}
    assert changed
    assert changed <= {entry["id"] for entry in feed}


async def test_a_show_grows_with_its_episodes_and_is_then_in_the_changes(packaged: httpx.AsyncClient) -> None:
    await go_to(packaged, "2026-06-10")
    before = await tmdb(packaged, "/tv/59941")
    aired = before["next_episode_to_air"]
    await go_to(packaged, "+8")
    after = await tmdb(packaged, "/tv/59941")
    next_day = (dt.date.fromisoformat(aired["air_date"]) + dt.timedelta(1)).isoformat()
    feed = await tmdb(packaged, "/tv/changes", start_date=next_day, end_date=next_day)

    assert "2026-06-10" <= aired["air_date"] <= "2026-06-17"
    assert aired["episode_number"] == before["last_episode_to_air"]["episode_number"] + 1
    assert before["number_of_episodes"] < after["number_of_episodes"]
    assert after["last_air_date"] == after["last_episode_to_air"]["air_date"] >= aired["air_date"]
    assert after["number_of_seasons"] == aired["season_number"] == 13
    assert 59941 in {entry["id"] for entry in feed["results"]}


async def test_what_ended_has_no_next_episode(packaged: httpx.AsyncClient) -> None:
    body = await tmdb(packaged, "/tv/1396")

    assert body["next_episode_to_air"] is None


async def test_the_calendar_and_the_details_agree_on_the_next_episode(packaged: httpx.AsyncClient) -> None:
    await go_to(packaged, "2026-06-10")
    coming = (await tmdb(packaged, "/tv/1667"))["next_episode_to_air"]
    calendar = await trakt(packaged, "/calendars/all/shows/2026-06-10/14")

    first = next(one for one in calendar if one["show"]["ids"]["tmdb"] == 1667)
    assert first["first_aired"][:10] == coming["air_date"]
    assert (first["episode"]["season"], first["episode"]["number"]) == (
        coming["season_number"],
        coming["episode_number"],
    )


@pytest.mark.parametrize(("kind", "number", "imdb_id"), [("movie", 426063, "tt5040012"), ("tv", 63351, "tt2707408")])
async def test_a_title_vanishes_for_the_end_of_the_month(
    packaged: httpx.AsyncClient, kind: str, number: int, imdb_id: str
) -> None:
    await go_to(packaged, "2026-06-24")
    there = await tmdb(packaged, f"/find/{imdb_id}", external_source="imdb_id")
    await go_to(packaged, "+1")
    gone = await packaged.get(f"/tmdb/3/{kind}/{number}")
    found = await tmdb(packaged, f"/find/{imdb_id}", external_source="imdb_id")
    await go_to(packaged, "2026-07-01")

    assert [hit["id"] for hit in there[f"{kind}_results"]] == [number]
    assert gone.json()["status_code"] == 34
    assert found[f"{kind}_results"] == []
    assert (await tmdb(packaged, f"/{kind}/{number}"))["id"] == number


@pytest.mark.parametrize("kind", ["movie", "tv"])
async def test_the_trends_of_tmdb_move_too(packaged: httpx.AsyncClient, kind: str) -> None:
    await go_to(packaged, "2026-06-10")
    first = [hit["id"] for hit in (await tmdb(packaged, f"/trending/{kind}/day"))["results"]]
    week = [hit["id"] for hit in (await tmdb(packaged, f"/trending/{kind}/week"))["results"]]
    await go_to(packaged, "2026-07-10")
    later = [hit["id"] for hit in (await tmdb(packaged, f"/trending/{kind}/day"))["results"]]

    assert first != later
    assert first != week
    assert len(set(first)) == 20


async def runtimes(client: httpx.AsyncClient) -> dict[int, int]:
    return {number: (await tmdb(client, f"/movie/{number}"))["runtime"] for number in list(FACTS.movies)[:60]}
