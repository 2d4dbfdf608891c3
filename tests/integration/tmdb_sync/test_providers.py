"""The clients of TMDb, Trakt and OMDb against the protocols of these, over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
import structlog
from pydantic import SecretStr
from structlog.testing import capture_logs
from tests.support.sandbox import Sandbox

from shared.cache import connect
from shared.clock import SystemClock
from shared.entities import EntityKind
from shared.errors import MovieMindError, Transient, Unavailable
from shared.http import client
from shared.rate_limit import CallLimit, Limit, RateLimiter
from shared.tmdb.client import TmdbClient
from shared.tmdb.feeds import TmdbFeeds
from shared.tmdb.images import USUAL, TmdbImages
from shared.tmdb.titles import TmdbTitles
from tmdb_sync.adapters.omdb import OmdbCritics
from tmdb_sync.adapters.redis_quota import RedisQuota
from tmdb_sync.adapters.trakt import TraktTrends
from tmdb_sync.ports import Critique, MediaType, Skipped, SkipReason

MOVIE, _, SERIES, SHOW = EntityKind
DAY = date(2026, 11, 10)
BREAKING_BAD = 1396
MATRIX = "tt0133093"


@dataclass(slots=True)
class Clients:
    sandbox: Sandbox
    tmdb: TmdbClient
    trakt: TraktTrends
    omdb: OmdbCritics

    async def set_day(self, day: date) -> None:
        answer = await self.sandbox.http.put("/_sandbox/day", json={"date": day.isoformat()})
        assert answer.status_code == 200, answer.text


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with client() as http:
        yield http


@pytest.fixture
async def clients(sandbox: Sandbox, redis_url: str, http: httpx.AsyncClient) -> AsyncIterator[Clients]:
    redis = connect(redis_url)
    made = Clients(
        sandbox,
        TmdbClient(f"{sandbox.url}/tmdb/3", SecretStr("sandbox"), http=http, deadline_s=10),
        TraktTrends(f"{sandbox.url}/trakt", SecretStr("sandbox"), http=http),
        OmdbCritics(
            f"{sandbox.url}/omdb",
            SecretStr("sandbox"),
            http=http,
            quota=RedisQuota(redis, SystemClock(), provider="omdb", per_day=100),
        ),
    )
    await made.set_day(DAY)
    yield made
    await redis.aclose()


@pytest.fixture
def drifts() -> Iterator[list[Any]]:
    """What the providers sent in another form than expected."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    with capture_logs() as lines:
        yield lines
    structlog.configure(**before)


@pytest.mark.parametrize(("media", "kind"), [(MediaType.SHOWS, SERIES), (MediaType.MOVIES, MOVIE)])
async def test_a_hundred_trends_of_trakt_lead_to_titles_of_tmdb(
    clients: Clients, drifts: list[Any], media: MediaType, kind: EntityKind
) -> None:
    trends = await clients.trakt.trending(media)
    assert not isinstance(trends, Skipped)
    known = [trend.listed.tmdb_id for trend in trends if trend.listed.tmdb_id]
    titles = [await TmdbTitles(clients.tmdb).title(kind, tmdb_id) for tmdb_id in known[:20]]

    assert len(trends) == 100
    assert [trend.watchers for trend in trends] == sorted((trend.watchers for trend in trends), reverse=True)
    assert all(title and title.extras.rating and title.extras.cast and title.extras.videos for title in titles)
    assert any(title and title.extras.offers and title.extras.content_ratings for title in titles)
    assert drifts == []


async def test_a_title_has_all_its_numbers(clients: Clients, drifts: list[Any]) -> None:
    trends = await clients.trakt.trending(MediaType.SHOWS)
    watched = await clients.trakt.watched_monthly(MediaType.SHOWS)
    assert not isinstance(trends, Skipped)
    assert not isinstance(watched, Skipped)
    trakt_id = next(trend.listed.trakt_id for trend in trends if trend.listed.tmdb_id)

    votes = await clients.trakt.votes(MediaType.SHOWS, trakt_id)
    stats = await clients.trakt.stats(MediaType.SHOWS, trakt_id)
    related = await clients.trakt.related(MediaType.SHOWS, trakt_id)

    assert votes
    assert not isinstance(votes, Skipped)
    assert sum(votes.distribution.values()) == votes.votes
    assert stats
    assert not isinstance(stats, Skipped)
    assert stats.watchers > 0
    assert related
    assert not isinstance(related, Skipped)
    assert 0 < len(related) <= 12
    assert {trend.listed.trakt_id for trend in watched} & {trend.listed.trakt_id for trend in trends}
    assert drifts == []


async def test_a_month_of_airings_is_in_its_window_and_names_networks(clients: Clients, drifts: list[Any]) -> None:
    airings = await clients.trakt.airings(DAY, 30)

    assert not isinstance(airings, Skipped)
    assert airings
    assert {DAY <= one.air_at.date() <= DAY + timedelta(days=30) for one in airings} == {True}
    assert any(one.network for one in airings)
    assert drifts == []


async def test_ratings_of_others_by_imdb_id(clients: Clients, drifts: list[Any]) -> None:
    found = await clients.omdb.critique(MediaType.MOVIES, MATRIX)

    assert isinstance(found, Critique)
    assert found.imdb_average
    assert found.imdb_votes
    assert await clients.omdb.critique(MediaType.MOVIES, "tt9999999") is None
    assert drifts == []


async def test_what_changed_is_in_the_feed_and_in_the_details(clients: Clients, drifts: list[Any]) -> None:
    feeds = TmdbFeeds(clients.tmdb)
    ids: list[int] = []
    for kind in (MOVIE, SERIES):
        found = await feeds.changes(kind, DAY - timedelta(days=13), DAY)
        ids += found.tmdb_ids
    trending = await feeds.trending(SHOW)

    assert ids
    assert len(trending) == 100
    assert [one.rank for one in trending] == list(range(1, 101))
    assert drifts == []


async def test_an_imdb_id_leads_to_the_catalogue(clients: Clients) -> None:
    feeds = TmdbFeeds(clients.tmdb)

    assert await feeds.find(MOVIE, MATRIX) == 603
    assert await feeds.find(MOVIE, "tt9999999") is None


async def test_images_are_where_the_configuration_says(clients: Clients) -> None:
    urls = await TmdbImages(clients.tmdb, SystemClock()).urls()

    assert urls is not USUAL
    assert str(urls.url("poster", "/a.jpg")).endswith("/w500/a.jpg")


async def test_f64_trakts_own_limit_never_turns_three_clients_away_that_share_ours(
    clients: Clients, http: httpx.AsyncClient, redis_url: str
) -> None:
    limits = {"provider": "trakt", "key": "sandbox", "requests": 20, "period_s": 2}
    assert (await clients.sandbox.http.put("/_sandbox/limits", json=limits)).status_code == 204
    ours = Limit("calls", 16, 2.0)  # what leaves in time may arrive late
    three: list[TraktTrends] = []
    async with AsyncExitStack() as stack:
        for sharer in "abc":
            limiter = RateLimiter(connect(redis_url), SystemClock(), name="trakt", sharer=sharer)
            stack.push_async_callback(limiter.close)
            url, key, limit = f"{clients.sandbox.url}/trakt", SecretStr("sandbox"), CallLimit(limiter, ours)
            three.append(TraktTrends(url, key, http=http, deadline_s=30, concurrency=20, limit=limit))

        await asyncio.gather(*(one.trending(MediaType.SHOWS, limit=1) for one in three for _ in range(16)))

    assert [call["status"] for call in await clients.sandbox.calls("trakt")] == [200] * 48


async def test_without_a_shared_limit_trakt_turns_them_away(clients: Clients) -> None:
    limits = {"provider": "trakt", "key": "sandbox", "requests": 5, "period_s": 300}
    await clients.sandbox.http.put("/_sandbox/limits", json=limits)
    for _ in range(5):
        await clients.trakt.trending(MediaType.SHOWS, limit=1)

    with pytest.raises(Transient) as raised:
        await clients.trakt.trending(MediaType.SHOWS, limit=1)

    assert raised.value.counted is False
    assert raised.value.retry_after_s is not None
    assert raised.value.retry_after_s > 200


async def test_omdbs_own_limit_ends_the_calls(clients: Clients) -> None:
    limits = {"provider": "omdb", "key": "sandbox", "requests": 1, "period_s": 86_400}
    await clients.sandbox.http.put("/_sandbox/limits", json=limits)
    await clients.omdb.critique(MediaType.MOVIES, MATRIX)

    answers = [await clients.omdb.critique(MediaType.MOVIES, MATRIX) for _ in range(3)]

    assert {answer.reason for answer in answers if isinstance(answer, Skipped)} == {SkipReason.QUOTA_SPENT}
    assert len(answers) == 3
    assert len(await clients.sandbox.calls("omdb")) == 2


Ask = Callable[[Clients], Any]
ASKS: dict[str, Ask] = {
    "tmdb": lambda clients: TmdbTitles(clients.tmdb).title(SERIES, BREAKING_BAD),
    "trakt": lambda clients: clients.trakt.trending(MediaType.SHOWS),
    "omdb": lambda clients: clients.omdb.critique(MediaType.MOVIES, MATRIX),
}


FAULTS = {"tmdb": "reset", "trakt": "cloudflare", "omdb": "cloudflare"}


@pytest.mark.parametrize(
    ("provider", "fault"),
    [(provider, fault) for provider in ASKS for fault in ("throttle", "error", "malformed", FAULTS[provider])],
)
async def test_f65_a_fault_is_an_error_that_passes_and_never_an_empty_answer(
    clients: Clients, provider: str, fault: str
) -> None:
    await clients.sandbox.fault(fault, provider=provider, status=503, times=2)

    with pytest.raises(Transient):
        await ASKS[provider](clients)
    await clients.sandbox.heal()

    assert await ASKS[provider](clients)


@pytest.mark.parametrize("fault", ["no_ids", "null_title"])
async def test_f66_titles_without_ids_or_titles_do_not_break_a_list(clients: Clients, fault: str) -> None:
    await clients.sandbox.fault(fault, provider="trakt")

    trends = await clients.trakt.trending(MediaType.SHOWS)

    assert not isinstance(trends, Skipped)
    assert {trend.listed.tmdb_id for trend in trends} <= {None}


@pytest.mark.parametrize("provider", ASKS)
async def test_a_refused_key_is_told_apart(clients: Clients, http: httpx.AsyncClient, provider: str) -> None:
    url, key = clients.sandbox.url, SecretStr("invalid")
    refused = Clients(
        clients.sandbox,
        TmdbClient(f"{url}/tmdb/3", key, http=http),
        TraktTrends(f"{url}/trakt", key, http=http),
        OmdbCritics(f"{url}/omdb", key, http=http, quota=NoQuota()),
    )

    with pytest.raises(MovieMindError) as raised:
        await ASKS[provider](refused)

    assert isinstance(raised.value, Unavailable)
    assert raised.value.dependency == provider


class NoQuota:
    """Calls without end."""

    async def take(self) -> None:
        return None

    async def refused(self) -> Any:
        raise Unavailable("redis")
