"""Trakt's answers as values, in the forms of https://trakt.docs.apiary.io: shows/trending, shows/watched, shows/ratings, shows/stats,
shows/related, calendars/all-shows, and the statuses of introduction/status-codes."""

import logging
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from shared.errors import MovieMindError, Permanent, Transient, Unavailable
from shared.http import client
from shared.jobs import FailureType
from tmdb_sync.adapters.trakt import NO_KEY, TraktTrends
from tmdb_sync.ports import Airing, Listed, MediaType, Stats, Trend, Trends, Votes

KEY = "canary-client-id"
THRONES = {
    "title": "Game of Thrones",
    "year": 2011,
    "ids": {"trakt": 1390, "slug": "game-of-thrones", "tvdb": 121361, "imdb": "tt0944947", "tmdb": 1399},
}
LISTED = Listed(1390, "game-of-thrones", "Game of Thrones", 2011, "tt0944947", 1399)
RATINGS = {
    "rating": 9.38363,
    "votes": 51065,
    "distribution": {
        "1": 320,
        "2": 77,
        "3": 73,
        "4": 150,
        "5": 250,
        "6": 593,
        "7": 1583,
        "8": 4941,
        "9": 8920,
        "10": 34158,
    },
}
VOTES = Votes(9.38363, 51065, {int(value): count for value, count in RATINGS["distribution"].items()})  # type: ignore[attr-defined]


class Trakt:
    """A Trakt that gives one answer to everything and keeps what it was asked."""

    def __init__(self, answer: Any, status: int = 200, **headers: str) -> None:
        self.asked: list[httpx.Request] = []
        self._answer = answer
        self._status = status
        self._headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def respond(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return httpx.Response(self._status, json=self._answer, headers=self._headers)

    def trends(self, key: str | None = KEY) -> TraktTrends:
        http = client(transport=httpx.MockTransport(self.respond))
        return TraktTrends("http://trakt/", SecretStr(key) if key is not None else None, http=http)


async def test_what_is_watched_now() -> None:
    trakt = Trakt([{"watchers": 203, "show": THRONES}, {"watchers": 2, "show": {**THRONES, "ids": {"trakt": 7}}}])

    found = await trakt.trends().trending(MediaType.SHOWS)

    assert found == (Trend(LISTED, 203), Trend(Listed(7, None, "Game of Thrones", 2011, None, None), 2))
    request = trakt.asked[0]
    assert (request.url.path, dict(request.url.params)) == ("/shows/trending", {"page": "1", "limit": "100"})
    assert (request.headers["trakt-api-key"], request.headers["trakt-api-version"]) == (KEY, "2")
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == "moviemind"
    assert KEY not in str(request.url)


async def test_what_was_watched_in_a_month_is_counted_by_people() -> None:
    item = {
        "watcher_count": 203_742,
        "play_count": 8_784_154,
        "collected_count": 1,
        "collector_count": 2,
        "movie": THRONES,
    }
    trakt = Trakt([item])

    assert await trakt.trends().watched_monthly(MediaType.MOVIES, limit=5) == (Trend(LISTED, 203_742),)
    assert trakt.asked[0].url.path == "/movies/watched/monthly"


@pytest.mark.parametrize(
    "document", [RATINGS, {"trakt": RATINGS, "imdb": {"rating": 9.2}}], ids=["flat", "beside-others"]
)
async def test_votes_come_with_their_distribution(document: dict[str, Any]) -> None:
    trakt = Trakt(document)

    assert await trakt.trends().votes(MediaType.SHOWS, 1390) == VOTES
    assert trakt.asked[0].url.path == "/shows/1390/ratings"


async def test_a_title_that_nobody_rated_has_no_votes() -> None:
    assert await Trakt({"rating": 0, "votes": 0, "distribution": {}}).trends().votes(MediaType.MOVIES, 1) is None


async def test_stats() -> None:
    document = {"watchers": 265, "plays": 25, "collectors": 21, "comments": 2, "lists": 9, "votes": 5, "favorited": 1}

    assert await Trakt(document).trends().stats(MediaType.MOVIES, 1) == Stats(265, 25, 21, 9, 5, 2)


async def test_related_titles_are_bare_items() -> None:
    trakt = Trakt([THRONES, {"show": THRONES}, "none"])

    assert await trakt.trends().related(MediaType.SHOWS, 1, limit=3) == (LISTED,)
    assert (trakt.asked[0].url.path, trakt.asked[0].url.params["limit"]) == ("/shows/1/related", "3")


async def test_a_calendar_has_its_airings_in_order_with_networks() -> None:
    show = {**THRONES, "network": "HBO"}
    trakt = Trakt(
        [
            {
                "first_aired": "2026-11-21T02:00:00.000Z",
                "episode": {"season": 1, "number": 2, "title": None},
                "show": show,
            },
            {
                "first_aired": "2026-11-20T21:00:00.000-05:00",
                "episode": {"season": 1, "number": 1, "title": "A"},
                "show": show,
            },
            {"first_aired": None, "episode": {"season": 1, "number": 3}, "show": show},
            {
                "first_aired": "2026-11-20T21:00:00.000Z",
                "episode": {"season": 0, "number": 1, "title": "B"},
                "show": THRONES,
            },
        ]
    )

    found = await trakt.trends().airings(date(2026, 11, 20), 30)

    assert found == (
        Airing(LISTED, 0, 1, "B", datetime(2026, 11, 20, 21, tzinfo=UTC), None),
        Airing(LISTED, 1, 1, "A", datetime(2026, 11, 21, 2, tzinfo=UTC), "HBO"),
        Airing(LISTED, 1, 2, None, datetime(2026, 11, 21, 2, tzinfo=UTC), "HBO"),
    )
    assert trakt.asked[0].url.path == "/calendars/all/shows/2026-11-20/30"
    assert trakt.asked[0].url.params["extended"] == "full"


@pytest.mark.parametrize("days", [0, 34])
async def test_a_calendar_of_no_or_too_many_days_is_not_asked_for(days: int) -> None:
    trakt = Trakt([])

    with pytest.raises(ValueError, match="1 to 33"):
        await trakt.trends().airings(date(2026, 11, 20), days)

    assert trakt.asked == []


@pytest.mark.parametrize("key", [None, ""], ids=["no-key", "empty-key"])
async def test_without_a_key_everything_is_skipped_and_nothing_asked(key: str | None) -> None:
    trakt = Trakt([])
    trends: Trends = trakt.trends(key)

    answers = [
        await trends.trending(MediaType.SHOWS),
        await trends.watched_monthly(MediaType.SHOWS),
        await trends.votes(MediaType.SHOWS, 1),
        await trends.stats(MediaType.SHOWS, 1),
        await trends.related(MediaType.SHOWS, 1),
        await trends.airings(date(2026, 11, 20), 1),
    ]

    assert answers == [NO_KEY] * 6
    assert trakt.asked == []


@pytest.mark.parametrize("status", [204, 404])
async def test_a_title_that_is_gone_is_none_and_a_list_of_nothing_is_empty(status: int) -> None:
    trends = Trakt(None, status).trends()

    gone = [
        await trends.votes(MediaType.SHOWS, 1),
        await trends.stats(MediaType.SHOWS, 1),
        await trends.related(MediaType.SHOWS, 1),
    ]
    assert gone == [None] * 3
    assert await trends.trending(MediaType.SHOWS) == ()
    assert await trends.airings(date(2026, 11, 20), 1) == ()


@pytest.mark.parametrize(
    ("status", "error"),
    [
        *((status, Unavailable) for status in (401, 403)),
        *((status, Permanent) for status in (400, 405, 409, 412, 420, 422, 423, 426)),
        *((status, Transient) for status in (429, 500, 502, 503, 504, 520, 521, 522)),
    ],
)
async def test_each_published_status_has_its_error_and_none_shows_the_key(
    status: int, error: type[MovieMindError], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    with pytest.raises(error) as raised:
        await Trakt({"error": KEY}, status).trends().stats(MediaType.SHOWS, 1)

    assert KEY not in f"{raised.value!r} {raised.value.__cause__!r} {caplog.text}"


async def test_f64_throttling_carries_trakts_delay_and_is_not_counted() -> None:
    limit = '{"name":"UNAUTHED_API_GET_LIMIT","period":300,"limit":500,"remaining":0,"until":"2026-11-20T00:24:00Z"}'

    with pytest.raises(Transient) as raised:
        await Trakt(None, 429, Retry_After="10", X_Ratelimit=limit).trends().trending(MediaType.SHOWS)

    assert (raised.value.failure.type, raised.value.retry_after_s, raised.value.counted) == (
        FailureType.RATE_LIMITED,
        10,
        False,
    )


@pytest.mark.parametrize("body", [{"shows": []}, "text", None, 7], ids=repr)
async def test_f66_a_list_that_is_none_is_no_empty_list(body: object) -> None:
    with pytest.raises(Transient, match="no JSON array"):
        await Trakt(body).trends().trending(MediaType.SHOWS)


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"watchers": "many", "show": THRONES},
        {"watchers": 1, "show": []},
        {"watchers": 1, "show": {"title": "No ids", "ids": None}},
        {"watchers": 1, "show": {"title": None, "ids": {"trakt": 1}}},
        {"watchers": 1, "movie": THRONES},
    ],
    ids=repr,
)
async def test_f66_an_item_that_says_too_little_is_left_out(item: dict[str, Any]) -> None:
    assert await Trakt([item, {"watchers": 203, "show": THRONES}]).trends().trending(MediaType.SHOWS) == (
        Trend(LISTED, 203),
    )


async def test_f66_drift_is_logged_by_path(warned: list[Any]) -> None:
    await Trakt([{"watchers": "many", "show": {**THRONES, "year": "2011"}}]).trends().trending(MediaType.SHOWS)

    assert [(line["event"], line["provider"], line["paths"]) for line in warned] == [
        ("provider.drift", "trakt", ["[].show.year", "[].watchers"])
    ]
