import asyncio
import logging
import traceback
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from pydantic import SecretStr

from shared.entities import EntityKind
from shared.errors import MovieMindError, Permanent, Transient, Unavailable
from shared.http import client
from shared.jobs import FailureType
from shared.tmdb.client import TmdbClient

V3_KEY = "canary0123456789abcdef0123456789"
V4_KEY = "eyJcanary.payload.signature"
Handler = Callable[[httpx.Request], httpx.Response]


class Drip(httpx.AsyncByteStream):
    """Sends one chunk and then nothing, until the client leaves."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'{"id": 603,'
        await asyncio.Event().wait()


class Flood(httpx.AsyncByteStream):
    """Never ends; `sent` counts what was taken."""

    sent = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.sent += 65_536
            yield b" " * 65_536


def tmdb(handler: Handler, *, key: str = V3_KEY, deadline_s: float = 3.0, concurrency: int = 8) -> TmdbClient:
    http = client(transport=httpx.MockTransport(handler))
    return TmdbClient("http://tmdb/3/", SecretStr(key), http=http, deadline_s=deadline_s, concurrency=concurrency)


def always(response: httpx.Response) -> Handler:
    return lambda _: response


def broken(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError(f"no route to {request.url}", request=request)


def stalled(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout(f"waited for {request.url}", request=request)


async def test_a_v3_key_is_a_parameter_and_details_take_one_call() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"id": 603})

    document = await tmdb(handler).details(EntityKind.MOVIE, 603)

    assert document == {"id": 603}
    assert [request.url.path for request in seen] == ["/3/movie/603"]
    assert dict(seen[0].url.params) == {
        "api_key": V3_KEY,
        "language": "en-US",
        "append_to_response": "credits,recommendations,external_ids,translations",
    }
    assert "authorization" not in seen[0].headers


async def test_a_v4_token_is_a_bearer_and_no_parameter() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={})

    await tmdb(handler, key=V4_KEY).details(EntityKind.PERSON, 6384)

    assert seen[0].headers["authorization"] == f"Bearer {V4_KEY}"
    assert "api_key" not in seen[0].url.params
    assert seen[0].url.params["append_to_response"] == "combined_credits,external_ids,translations"


@pytest.mark.parametrize(
    ("kind", "path", "year_parameter"),
    [
        (EntityKind.MOVIE, "/3/search/movie", "primary_release_year"),
        (EntityKind.TV_SERIES, "/3/search/tv", "first_air_date_year"),
        (EntityKind.TV_SHOW, "/3/search/tv", "first_air_date_year"),
        (EntityKind.PERSON, "/3/search/person", None),
    ],
)
async def test_a_search_excludes_adult_titles_and_filters_titles_by_year(
    kind: EntityKind, path: str, year_parameter: str | None
) -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"results": []})

    await tmdb(handler).search(kind, "heat", year=1995)

    assert seen[0].url.path == path
    assert seen[0].url.params["include_adult"] == "false"
    assert {name for name in seen[0].url.params if "year" in name} == ({year_parameter} if year_parameter else set())


async def test_an_unknown_id_is_none() -> None:
    assert await tmdb(always(httpx.Response(404, json={"status_code": 34}))).details(EntityKind.MOVIE, 1) is None


async def test_throttling_carries_the_delay_and_is_not_counted() -> None:
    throttled = httpx.Response(429, headers={"Retry-After": "7"})

    with pytest.raises(Transient) as raised:
        await tmdb(always(throttled)).get("movie/1")

    assert raised.value.failure.type is FailureType.RATE_LIMITED
    assert raised.value.retry_after_s == pytest.approx(7)
    assert raised.value.counted is False


@pytest.mark.parametrize(
    ("headers", "delay_s"),
    [
        ({}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": "999999999"}, 86_400),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:30 GMT", "Date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT", "Date": "Wed, 21 Oct 2026 07:29:00 GMT"}, 0),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
    ],
)
async def test_the_delay_is_read_as_seconds_or_date_and_bounded(headers: dict[str, str], delay_s: float | None) -> None:
    with pytest.raises(Transient) as raised:
        await tmdb(always(httpx.Response(429, headers=headers))).get("movie/1")

    assert raised.value.retry_after_s == (None if delay_s is None else pytest.approx(delay_s))


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(500),
        httpx.Response(503, text="<html>"),
        httpx.Response(302, headers={"Location": "http://elsewhere/"}),
        httpx.Response(200, text='{"page": 1, "results": [{"id": 603, "tit'),
        httpx.Response(200, text=""),
        httpx.Response(200, json=[1]),
        httpx.Response(200, json=None),
    ],
    ids=lambda response: f"{response.status_code} {response.text[:8]}",
)
async def test_errors_of_the_server_and_garbage_may_pass(response: httpx.Response) -> None:
    with pytest.raises(Transient) as raised:
        await tmdb(always(response)).get("movie/1")

    assert raised.value.failure.type is FailureType.UNKNOWN_ERROR
    assert raised.value.counted is True


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_key_makes_tmdb_unavailable(status: int) -> None:
    with pytest.raises(Unavailable) as raised:
        await tmdb(always(httpx.Response(status))).get("movie/1")

    assert raised.value.dependency == "tmdb"


async def test_a_request_called_wrong_is_never_repeated() -> None:
    with pytest.raises(Permanent):
        await tmdb(always(httpx.Response(422))).get("movie/1")


async def test_a_broken_connection_is_tried_once_more() -> None:
    tries: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        tries.append(request)
        return broken(request) if len(tries) == 1 else httpx.Response(200, json={"id": 1})

    assert await tmdb(handler).get("movie/1") == {"id": 1}
    assert len(tries) == 2


async def test_a_connection_that_stays_broken_may_pass_later() -> None:
    tries: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        tries.append(request)
        return broken(request)

    with pytest.raises(Transient):
        await tmdb(handler).get("movie/1")

    assert len(tries) == 2


async def test_a_dripping_answer_ends_at_the_total_deadline() -> None:
    with pytest.raises(Transient) as raised:
        await tmdb(always(httpx.Response(200, stream=Drip())), deadline_s=0.05).get("movie/1")

    assert raised.value.failure.type is FailureType.TIMEOUT


async def test_waiting_for_a_free_slot_counts_towards_the_deadline() -> None:
    catalogue = tmdb(lambda _: httpx.Response(200, stream=Drip()), deadline_s=0.05, concurrency=1)

    answers = await asyncio.gather(*(catalogue.get("movie/1") for _ in range(3)), return_exceptions=True)

    assert [type(answer) for answer in answers] == [Transient] * 3


async def test_an_endless_body_is_cut_at_the_limit() -> None:
    flood = Flood()

    with pytest.raises(Transient, match="too_large"):
        await tmdb(always(httpx.Response(200, stream=flood))).get("movie/1")

    assert flood.sent < 6 * 1024 * 1024


@pytest.mark.parametrize("key", [V3_KEY, V4_KEY])
@pytest.mark.parametrize(
    "handler", [broken, stalled, *(always(httpx.Response(status)) for status in (200, 401, 404, 422, 429, 500))]
)
async def test_the_key_is_in_no_message_cause_or_log_line(
    handler: Handler, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    try:
        await tmdb(handler, key=key).get("movie/1")
        shown = ""
    except MovieMindError as error:
        chain: list[BaseException | None] = [error, error.__cause__, error.__context__]
        shown = "".join(traceback.format_exception(error)) + "".join(map(repr, chain))

    assert key not in shown + caplog.text


async def test_the_client_follows_no_redirect_and_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:1")

    async with client(connect_timeout_s=1, read_timeout_s=4) as http:
        assert http.follow_redirects is False
        assert http.trust_env is False
        assert http.timeout == httpx.Timeout(4, connect=1, pool=1)
