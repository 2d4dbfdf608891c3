from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import orjson
import pytest

Script = Callable[..., Awaitable[dict[str, Any]]]
TRAKT = "/trakt/movies/the-matrix-1999/ratings"
BARE = "/trakt/movies/the-matrix-1999"
TRENDING = "/trakt/movies/trending"
OMDB = "/omdb/?apikey=k&i=tt0133093"
HEADERS = {"trakt-api-key": "client-id", "trakt-api-version": "2"}
PROVIDERS = [("trakt", TRAKT), ("omdb", OMDB)]


@pytest.fixture(autouse=True)
def _headers(client: httpx.AsyncClient) -> None:
    client.headers.update(HEADERS)


@pytest.mark.parametrize(("provider", "path"), PROVIDERS)
async def test_a_storm_of_429_says_how_long_to_wait_and_passes(
    client: httpx.AsyncClient, script: Script, provider: str, path: str
) -> None:
    await script(provider, "throttle", times=3, retry_after_s=7)

    answers = [await client.get(path) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [429, 429, 429, 200]
    assert {answer.headers["retry-after"] for answer in answers[:3]} == {"7"}


async def test_a_429_may_not_say_how_long(client: httpx.AsyncClient, script: Script) -> None:
    await script("trakt", "throttle", retry_after_s=None)

    response = await client.get(TRAKT)

    assert response.status_code == 429
    assert "retry-after" not in response.headers
    assert response.text.startswith("UNAUTHED_API_GET_LIMIT rate limit exceeded.")


@pytest.mark.parametrize(("provider", "path"), PROVIDERS)
@pytest.mark.parametrize("status", [502, 503, 504, 520, 521, 522])
async def test_cloudflare_answers_with_a_page(
    client: httpx.AsyncClient, script: Script, provider: str, path: str, status: int
) -> None:
    await script(provider, "error", status=status)

    response = await client.get(path)

    assert response.status_code == status
    assert response.headers["content-type"].startswith("text/html")
    assert str(status) in response.text


@pytest.mark.parametrize("status", [401, 403, 404, 412, 420, 423, 426, 500])
async def test_trakt_sends_no_body_with_its_own_errors(client: httpx.AsyncClient, script: Script, status: int) -> None:
    await script("trakt", "error", status=status)

    response = await client.get(TRAKT)

    assert (response.status_code, response.content) == (status, b"")
    assert ("x-upgrade-url" in response.headers) == (status in {420, 426})


async def test_omdb_fails_in_its_own_form(client: httpx.AsyncClient, script: Script) -> None:
    await script("omdb", "error", status=500)

    response = await client.get(OMDB)

    assert response.status_code == 500
    assert response.json()["Response"] == "False"


@pytest.mark.parametrize(("provider", "path", "status"), [("trakt", TRAKT, 520), ("omdb", OMDB, 502)])
async def test_the_page_of_cloudflare_can_be_scripted_by_name(
    client: httpx.AsyncClient, script: Script, provider: str, path: str, status: int
) -> None:
    await script(provider, "cloudflare")

    response = await client.get(path)

    assert response.status_code == status
    assert "cf-ray" in response.headers


@pytest.mark.parametrize(("provider", "path"), PROVIDERS)
async def test_malformed_is_no_json(client: httpx.AsyncClient, script: Script, provider: str, path: str) -> None:
    await script(provider, "malformed")

    response = await client.get(path)

    assert response.status_code == 200
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(response.content)


@pytest.mark.parametrize(("provider", "path"), PROVIDERS)
async def test_drip_sends_the_same_answer_bytewise(
    client: httpx.AsyncClient, script: Script, provider: str, path: str
) -> None:
    await client.put("/_sandbox/day", json={"date": "2026-03-01"})
    whole = (await client.get(path)).json()
    await script(provider, "drip")

    assert (await client.get(path)).json() == whole


@pytest.mark.parametrize(("provider", "path"), PROVIDERS)
async def test_reset_cuts_the_connection(client: httpx.AsyncClient, script: Script, provider: str, path: str) -> None:
    await script(provider, "reset")

    with pytest.raises(ConnectionResetError):
        await client.get(path)


async def test_not_found_hides_a_title(client: httpx.AsyncClient, script: Script) -> None:
    await script("trakt", "not_found")
    await script("omdb", "not_found")

    assert (await client.get(TRAKT)).status_code == 404
    assert (await client.get(OMDB)).json() == {"Response": "False", "Error": "Error getting data."}
    assert (await client.get(f"{OMDB}&type=movie")).json() == {"Response": "False", "Error": "Movie not found!"}


@pytest.mark.parametrize("path", [TRENDING, "/trakt/movies/the-matrix-1999/related", BARE])
async def test_no_ids_leaves_trakts_own(client: httpx.AsyncClient, script: Script, path: str) -> None:
    await script("trakt", "no_ids")

    body: Any = (await client.get(path)).json()

    entries: list[dict[str, Any]] = body if path != BARE else [body]
    for entry in entries:
        ids = entry.get("movie", entry)["ids"]
        assert ids["trakt"]
        assert ids["slug"]
        assert ids["tmdb"] is ids["imdb"] is None


async def test_null_title_is_in_every_title(client: httpx.AsyncClient, script: Script) -> None:
    await script("trakt", "null_title")

    assert {entry["movie"]["title"] for entry in (await client.get(TRENDING)).json()} == {None}


async def test_the_quota_of_omdb_can_be_spent_by_script(client: httpx.AsyncClient, script: Script) -> None:
    await script("omdb", "quota", times=1)

    spent, later = await client.get(OMDB), await client.get(OMDB)

    assert (spent.status_code, spent.json()["Error"]) == (401, "Request limit reached!")
    assert later.status_code == 200


async def test_no_ratings_is_not_available_everywhere(client: httpx.AsyncClient, script: Script) -> None:
    await script("omdb", "no_ratings")

    body = (await client.get(OMDB)).json()

    assert (body["imdbRating"], body["imdbVotes"], body["Metascore"], body["Ratings"]) == ("N/A", "N/A", "N/A", [])


@pytest.mark.parametrize(
    ("provider", "mine", "other"),
    [("trakt", TRAKT, "/trakt/movies/amelie-2001/ratings"), ("omdb", OMDB, "/omdb/?apikey=k&i=tt0211915")],
)
async def test_a_fault_for_a_title_spares_the_others_and_is_in_the_ledger(
    client: httpx.AsyncClient, script: Script, provider: str, mine: str, other: str
) -> None:
    await script(provider, "error", title="the matrix", status=503)

    statuses = [(await client.get(path)).status_code for path in (mine, other)]
    calls = (await client.get(f"/_sandbox/ledger?provider={provider}")).json()["calls"]

    assert statuses == [503, 200]
    assert [(call["title"], call["entity_type"], call["fault"], call["status"]) for call in calls] == [
        ("The Matrix", "movie", "error", 503),
        ("Amélie", "movie", None, 200),
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"provider": "bing", "requests": 1},
        {"provider": "trakt"},
        {"provider": "trakt", "requests": 0},
        {"provider": "trakt", "requests": 1, "period_s": -1},
        {"provider": "trakt", "requests": 1, "period_s": 100_000},
        {"provider": "trakt", "requests": 1, "key": ""},
    ],
    ids=["provider", "no-requests", "none", "backwards", "more-than-a-day", "no-key"],
)
async def test_a_limit_that_does_not_fit_is_refused(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    response = await client.put("/_sandbox/limits", json=body)

    assert response.status_code == 422
    assert response.json()["error"]
