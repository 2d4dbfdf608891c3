"""TMDb's lists as values, its images as addresses, and what its terms allow."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from shared.entities import EntityKind
from shared.errors import Transient
from shared.http import client
from shared.jobs import FailureType
from shared.testing.clock import FakeClock
from shared.tmdb.client import MISSING_S, TmdbClient
from shared.tmdb.feeds import MAX_WINDOW_DAYS, Changes, Collection, TmdbFeeds, windows
from shared.tmdb.images import KEPT_S, RETRY_S, USUAL, TmdbImages
from shared.tmdb.licence import MAX_AGE, may_be_served
from shared.tmdb.mapping import MappingError
from shared.tmdb.titles import TmdbTitles

MOVIE, PERSON, SERIES, SHOW = EntityKind
Respond = Callable[[httpx.Request], Any]


class Tmdb:
    """A TMDb that answers with `documents` in their order and keeps what it was asked."""

    def __init__(self, *documents: Any) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.clock = FakeClock()
        self._documents = list(documents)
        http = client(transport=httpx.MockTransport(self._answer))
        self.client = TmdbClient("http://tmdb/3", SecretStr("k"), http=http, clock=self.clock)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((request.url.path.removeprefix("/3/"), dict(request.url.params)))
        document = self._documents.pop(0)
        return httpx.Response(document) if isinstance(document, int) else httpx.Response(200, json=document)


def page(*ids: int, pages: int = 1) -> dict[str, Any]:
    return {
        "results": [{"id": tmdb_id, "name": f"T{tmdb_id}", "genre_ids": [16]} for tmdb_id in ids],
        "total_pages": pages,
    }


async def test_a_trending_list_is_read_page_by_page_and_names_each_title_once() -> None:
    tmdb = Tmdb(page(*range(1, 21), pages=500), page(20, *range(21, 40), pages=500))

    found = await TmdbFeeds(tmdb.client).trending(SHOW, limit=25)

    assert [(one.tmdb_id, one.rank) for one in found] == [(place, place) for place in range(1, 26)]
    assert found[0].genre_ids == (16,)
    assert [(path, params["page"]) for path, params in tmdb.asked] == [
        ("trending/tv/day", "1"),
        ("trending/tv/day", "2"),
    ]


async def test_a_short_trending_list_ends_where_it_ends() -> None:
    tmdb = Tmdb(page(1, 2))

    assert len(await TmdbFeeds(tmdb.client).trending(MOVIE)) == 2
    assert len(tmdb.asked) == 1


async def test_f65_a_list_that_drags_on_ends_at_its_budget() -> None:
    class Slow(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"{"
            await asyncio.Event().wait()

    http = client(transport=httpx.MockTransport(lambda _: httpx.Response(200, stream=Slow())))
    feeds = TmdbFeeds(TmdbClient("http://tmdb/3", SecretStr("k"), http=http), budget_s=0.05)

    with pytest.raises(Transient) as raised:
        await feeds.trending(MOVIE)

    assert raised.value.failure.type is FailureType.TIMEOUT


async def test_changes_are_a_page_of_ids_without_adult_titles() -> None:
    tmdb = Tmdb(
        {"results": [{"id": 1, "adult": False}, {"id": 2, "adult": True}, {"id": 3, "adult": None}], "total_pages": 2}
    )

    found = await TmdbFeeds(tmdb.client).changes(PERSON, date(2026, 11, 1), date(2026, 11, 14))

    assert found == Changes((1, 3), page=1, last=False)
    path, params = tmdb.asked[0]
    assert path == "person/changes"
    assert (params["start_date"], params["end_date"], params["page"]) == ("2026-11-01", "2026-11-14", "1")


def test_windows_hold_every_day_once_and_are_never_too_long() -> None:
    first, last = date(2026, 1, 1), date(2026, 2, 10)

    found = list(windows(first, last))

    days = [start + timedelta(days=offset) for start, end in found for offset in range((end - start).days + 1)]
    assert days == [first + timedelta(days=offset) for offset in range(41)]
    assert max((end - start).days + 1 for start, end in found) == MAX_WINDOW_DAYS
    assert list(windows(last, first)) == []


async def test_an_id_of_another_site_leads_to_what_bears_it() -> None:
    document = {"movie_results": [], "person_results": [], "tv_results": [{"id": 1396}]}
    tmdb = Tmdb(document, document)
    feeds = TmdbFeeds(tmdb.client)

    assert await feeds.find(SERIES, "tt0903747") == 1396
    assert await feeds.find(MOVIE, "../account") is None
    assert [path for path, _ in tmdb.asked] == ["find/tt0903747", "find/../account"]
    assert tmdb.asked[0][1]["external_source"] == "imdb_id"


async def test_a_collection_has_its_films_oldest_first() -> None:
    parts = [
        {"id": 3, "release_date": ""},
        {"id": 2, "release_date": "2003-05-15"},
        {"id": 1, "release_date": "1999-03-31"},
    ]
    tmdb = Tmdb({"id": 2344, "name": "The Matrix Collection", "overview": "", "parts": parts}, 404, {"id": 1})
    feeds = TmdbFeeds(tmdb.client)

    assert await feeds.collection(2344) == Collection(2344, "The Matrix Collection", None, None, None, (1, 2, 3))
    assert await feeds.collection(1) is None
    with pytest.raises(MappingError, match="no title"):
        await feeds.collection(2)


async def test_a_title_has_facts_and_extras_from_one_call_and_the_document_says_its_kind() -> None:
    document = {"id": 2224, "name": "The Daily Show", "type": "Talk Show", "vote_average": "8", "genres": "Comedy"}
    tmdb = Tmdb(document)

    found = await TmdbTitles(tmdb.client).title(SERIES, 2224)

    assert found is not None
    assert (found.facts.kind, found.facts.title, found.extras.tmdb_id) == (SHOW, "The Daily Show", 2224)
    assert found.extras.drift == ("genres", "vote_average")
    assert len(tmdb.asked) == 1
    parts = tmdb.asked[0][1]["append_to_response"].split(",")
    assert {"videos", "watch/providers", "content_ratings", "aggregate_credits", "external_ids"} < set(parts)
    assert len(parts) <= 20
    assert "null" in tmdb.asked[0][1]["include_video_language"]


async def test_f63_an_id_that_is_missing_is_not_asked_for_again_for_a_while() -> None:
    tmdb = Tmdb(404, {"id": 1, "title": "New"})
    titles = TmdbTitles(tmdb.client)

    assert [await titles.title(MOVIE, 1) for _ in range(3)] == [None] * 3
    assert len(tmdb.asked) == 1
    tmdb.clock.advance(MISSING_S)

    assert await titles.title(MOVIE, 1) is not None


async def test_f63_missing_ids_are_remembered_in_bounded_number() -> None:
    tmdb = Tmdb(*[404] * 1026)

    for tmdb_id in range(1025):
        await tmdb.client.details(MOVIE, tmdb_id)
    await tmdb.client.details(MOVIE, 0)

    assert len(tmdb.asked) == 1026


IMAGES = {
    "images": {
        "base_url": "http://image.tmdb.org/t/p/",
        "secure_base_url": "https://images.example/t/p/",
        "poster_sizes": ["w92", "w342", "w780", "original"],
        "backdrop_sizes": ["w300", "w780"],
        "profile_sizes": 7,
    }
}


async def test_images_are_where_the_configuration_says_in_the_size_that_fits() -> None:
    tmdb = Tmdb(IMAGES)
    urls = await TmdbImages(tmdb.client, tmdb.clock).urls()

    assert urls.url("poster", "/a.jpg") == "https://images.example/t/p/w780/a.jpg"
    assert urls.url("backdrop", "/b-1_c.png") == "https://images.example/t/p/w780/b-1_c.png"
    assert urls.url("profile", "/c.jpg") == "https://images.example/t/p/w185/c.jpg"


@pytest.mark.parametrize("path", [None, "", "a.jpg", "/../a.jpg", "/a.jpg?x=1", "//evil.example/a.jpg", "/a.exe"])
def test_what_is_no_file_has_no_address(path: str | None) -> None:
    assert USUAL.url("poster", path) is None


async def test_the_configuration_is_asked_for_once_a_day() -> None:
    tmdb = Tmdb(IMAGES, IMAGES)
    images = TmdbImages(tmdb.client, tmdb.clock)
    await images.urls()
    tmdb.clock.advance(KEPT_S - 1)
    await images.urls()
    assert len(tmdb.asked) == 1

    tmdb.clock.advance(1)
    await images.urls()

    assert len(tmdb.asked) == 2


@pytest.mark.parametrize(
    "answer", [500, 401, {"images": []}, {"images": {"secure_base_url": "javascript:x"}}], ids=repr
)
async def test_without_a_configuration_the_usual_one_serves_for_minutes(answer: object) -> None:
    tmdb = Tmdb(answer, IMAGES)
    images = TmdbImages(tmdb.client, tmdb.clock)

    assert (await images.urls()).url("poster", "/a.jpg") == "https://image.tmdb.org/t/p/w500/a.jpg"
    tmdb.clock.advance(RETRY_S)

    assert await images.urls() is not USUAL


async def test_an_outage_is_no_empty_list() -> None:
    with pytest.raises(Transient):
        await TmdbFeeds(Tmdb(500).client).trending(MOVIE)


def test_no_snapshot_older_than_six_months_is_served() -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)

    assert may_be_served(now - MAX_AGE + timedelta(seconds=1), now)
    assert not may_be_served(now - MAX_AGE, now)
    assert timedelta(days=181) > MAX_AGE
