"""OMDb's answers as values, in the forms that https://www.omdbapi.com shows."""

import logging
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from shared.errors import MovieMindError, Permanent, Transient, Unavailable
from shared.http import client
from tmdb_sync.adapters.omdb import NO_KEY, OmdbCritics
from tmdb_sync.ports import Critique, MediaType, Quota, Skipped, SkipReason, Spent

KEY = "canary01"
RENEWS_AT = datetime(2026, 11, 21, tzinfo=UTC)
GUARDIANS: dict[str, Any] = {
    "Title": "Guardians of the Galaxy Vol. 2",
    "Year": "2017",
    "Ratings": [
        {"Source": "Internet Movie Database", "Value": "7.6/10"},
        {"Source": "Rotten Tomatoes", "Value": "85%"},
        {"Source": "Metacritic", "Value": "67/100"},
    ],
    "Metascore": "67",
    "imdbRating": "7.6",
    "imdbVotes": "2,207,412",
    "imdbID": "tt3896198",
    "Type": "movie",
    "Response": "True",
}


class StatedQuota:
    """A quota that says what it was made to say, and counts."""

    def __init__(self, answer: Spent | Unavailable | None = None) -> None:
        self.taken = 0
        self.refusals = 0
        self._answer = answer

    async def take(self) -> Spent | None:
        self.taken += 1
        if isinstance(self._answer, Unavailable):
            raise self._answer
        return self._answer

    async def refused(self) -> Spent:
        self.refusals += 1
        if isinstance(self._answer, Unavailable):
            raise self._answer
        return Spent(RENEWS_AT)


class Omdb:
    """An OMDb that gives one answer to everything and keeps what it was asked."""

    def __init__(self, answer: Any, status: int = 200) -> None:
        self.asked: list[httpx.Request] = []
        self._answer = answer
        self._status = status

    def respond(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return httpx.Response(self._status, json=self._answer)

    def critics(self, key: str | None = KEY, quota: Quota | None = None) -> OmdbCritics:
        http = client(transport=httpx.MockTransport(self.respond))
        secret = SecretStr(key) if key is not None else None
        return OmdbCritics("http://omdb", secret, http=http, quota=quota or StatedQuota())


@pytest.mark.parametrize(("media", "type_"), [(MediaType.MOVIES, "movie"), (MediaType.SHOWS, "series")])
async def test_all_ratings_of_a_title(media: MediaType, type_: str) -> None:
    omdb, quota = Omdb(GUARDIANS), StatedQuota()

    found = await omdb.critics(quota=quota).critique(media, "tt3896198")

    assert found == Critique(imdb_average=7.6, imdb_votes=2_207_412, metacritic=67, rotten_tomatoes=85)
    assert dict(omdb.asked[0].url.params) == {"apikey": KEY, "i": "tt3896198", "type": type_}
    assert quota.taken == 1


async def test_not_available_is_none() -> None:
    document: dict[str, Any] = {
        "Ratings": [],
        "Metascore": "N/A",
        "imdbRating": "N/A",
        "imdbVotes": "N/A",
        "Response": "True",
    }

    assert await Omdb(document).critics().critique(MediaType.MOVIES, "tt1") == Critique(None, None, None, None)


async def test_metacritics_rating_is_the_metascore_where_it_has_none_of_its_own() -> None:
    found = await Omdb({"Metascore": "67", "Response": "True"}).critics().critique(MediaType.MOVIES, "tt1")

    assert found == Critique(None, None, 67, None)


@pytest.mark.parametrize(
    ("member", "value"),
    [("imdbRating", "nine"), ("imdbRating", "11"), ("imdbRating", 7.6), ("imdbVotes", "2.2M"), ("Ratings", "85%")],
)
async def test_f66_a_member_of_another_form_is_left_out_and_named(
    member: str, value: object, warned: list[Any]
) -> None:
    found = await Omdb({**GUARDIANS, member: value}).critics().critique(MediaType.MOVIES, "tt1")

    assert isinstance(found, Critique)
    assert None in {found.imdb_average, found.imdb_votes, found.rotten_tomatoes}
    assert [(line["event"], line["paths"]) for line in warned] == [("provider.drift", [member])]


@pytest.mark.parametrize("said", ["Incorrect IMDb ID.", "Movie not found!", "Series not found!"])
async def test_f63_a_title_that_is_not_known_there_is_none(said: str) -> None:
    assert await Omdb({"Response": "False", "Error": said}).critics().critique(MediaType.MOVIES, "tt1") is None


@pytest.mark.parametrize("key", [None, ""], ids=["no-key", "empty-key"])
async def test_without_a_key_it_is_skipped_and_nothing_asked_or_taken(key: str | None) -> None:
    omdb, quota = Omdb(GUARDIANS), StatedQuota()

    assert await omdb.critics(key, quota).critique(MediaType.MOVIES, "tt1") == NO_KEY
    assert (omdb.asked, quota.taken) == ([], 0)


async def test_with_a_spent_quota_it_is_skipped_and_says_until_when() -> None:
    omdb = Omdb(GUARDIANS)

    found = await omdb.critics(quota=StatedQuota(Spent(RENEWS_AT))).critique(MediaType.MOVIES, "tt1")

    assert found == Skipped(SkipReason.QUOTA_SPENT, RENEWS_AT)
    assert omdb.asked == []


async def test_while_nobody_can_count_it_is_skipped() -> None:
    omdb = Omdb(GUARDIANS)

    found = await omdb.critics(quota=StatedQuota(Unavailable("redis"))).critique(MediaType.MOVIES, "tt1")

    assert found == Skipped(SkipReason.QUOTA_UNKNOWN)
    assert omdb.asked == []


@pytest.mark.parametrize("status", [200, 401])
async def test_omdbs_own_limit_closes_the_quota(status: int) -> None:
    quota = StatedQuota()
    omdb = Omdb({"Response": "False", "Error": "Request limit reached!"}, status)

    assert await omdb.critics(quota=quota).critique(MediaType.MOVIES, "tt1") == Skipped(
        SkipReason.QUOTA_SPENT, RENEWS_AT
    )
    assert quota.refusals == 1


@pytest.mark.parametrize(
    ("status", "said", "error"),
    [
        (401, "Invalid API key!", Unavailable),
        (401, "No API key provided.", Unavailable),
        (200, "Invalid API key!", Unavailable),
        (200, "Error getting data.", Transient),
        (200, None, Transient),
        (400, "Bad request", Permanent),
        (429, None, Transient),
        (503, None, Transient),
        (522, None, Transient),
    ],
)
async def test_each_error_has_its_root_and_none_shows_the_key(
    status: int, said: str | None, error: type[MovieMindError], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    with pytest.raises(error) as raised:
        await Omdb({"Response": "False", "Error": said}, status).critics().critique(MediaType.MOVIES, "tt1")

    assert KEY not in f"{raised.value!r} {raised.value.__cause__!r} {caplog.text}"


async def test_f65_a_lost_connection_does_not_show_the_key(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(f"no route to {request.url}", request=request)

    http = client(transport=httpx.MockTransport(broken))
    critics = OmdbCritics("http://omdb/", SecretStr(KEY), http=http, quota=StatedQuota())

    with pytest.raises(Transient) as raised:
        await critics.critique(MediaType.MOVIES, "tt1")

    assert KEY not in f"{raised.value!r} {raised.value.__cause__!r} {raised.value.__context__!r} {caplog.text}"
