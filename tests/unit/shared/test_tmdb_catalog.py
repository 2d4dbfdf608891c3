import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from shared.catalog import Found, Lookup, Missing, Several
from shared.entities import Candidate, EntityKind, Facts, MovieDetails
from shared.errors import Transient, Unavailable, failure
from shared.http import client
from shared.jobs import FailureType
from shared.testing.catalog import FakeCatalog
from shared.tmdb.catalog import CachedCatalog, TmdbCatalog
from shared.tmdb.client import TmdbClient

MOVIE, PERSON, SERIES, SHOW = EntityKind
HEAT = Facts(kind=MOVIE, tmdb_id=949, title="Heat", year=1995, details=MovieDetails())


class HandClock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.moved_s = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.moved_s

    async def sleep(self, delay_s: float) -> None:
        self.moved_s += delay_s


class HeldCatalog(FakeCatalog):
    """Answers lookups once `release` is set."""

    def __init__(self, *known: Facts) -> None:
        super().__init__(known)
        self.release = asyncio.Event()

    async def lookup(self, kind: EntityKind, slug: str) -> Lookup:
        answer = super().lookup(kind, slug)
        await self.release.wait()
        return await answer


class Scripted:
    """TMDb as a table of documents by path; hits are given for any query. Counts calls by path."""

    def __init__(self, documents: dict[str, Any]) -> None:
        self.documents = documents
        self.calls: Counter[str] = Counter()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/3/")
        self.calls[path] += 1
        if path not in self.documents:
            return httpx.Response(404)
        return httpx.Response(200, json=self.documents[path])

    @property
    def details(self) -> int:
        return sum(count for path, count in self.calls.items() if not path.startswith("search/"))


def tmdb(handler: Callable[[httpx.Request], httpx.Response], *, deadline_s: float = 3.0) -> TmdbCatalog:
    http = client(transport=httpx.MockTransport(handler))
    return TmdbCatalog(TmdbClient("http://tmdb/3", SecretStr("k"), http=http), HandClock(), deadline_s=deadline_s)


def hits(*found: dict[str, Any], pages: int = 1) -> dict[str, Any]:
    return {"page": 1, "results": list(found), "total_pages": pages}


def person(number: int, name: str, birthday: str | None) -> dict[str, Any]:
    return {f"person/{number}": {"id": number, "name": name, "birthday": birthday}}


async def test_at_most_five_namesakes_are_looked_at_closely() -> None:
    namesakes = [{"id": number, "name": "Jan Nowak", "popularity": number} for number in range(1, 21)]
    known = {
        key: one for number in range(1, 21) for key, one in person(number, "Jan Nowak", f"19{number + 9}-01-01").items()
    }
    script = Scripted({"search/person": hits(*namesakes), **known})

    answer = await tmdb(script).lookup(PERSON, "jan-nowak")

    assert isinstance(answer, Several)
    assert [one.year for one in answer.candidates] == [1914, 1913, 1912, 1911, 1910]
    assert script.details == 5


async def test_undated_namesakes_get_options_that_lead_to_each_of_them() -> None:
    namesakes = [{"id": number, "title": "Untitled", "release_date": ""} for number in (8, 7)]
    documents = {f"movie/{number}": {"id": number, "title": "Untitled"} for number in (7, 8)}
    catalog = tmdb(Scripted({"search/movie": hits(*namesakes), **documents}))

    answer = await catalog.lookup(MOVIE, "untitled")
    assert isinstance(answer, Several)
    chosen = [await catalog.lookup(MOVIE, slug) for slug in answer.slugs]

    assert set(answer.slugs) == {"untitled-1", "untitled-2"}
    assert [one.facts.tmdb_id for one in chosen if isinstance(one, Found)] == [one.tmdb_id for one in answer.candidates]


async def test_of_many_films_with_one_title_and_year_each_option_leads_to_its_own() -> None:
    namesakes = [
        {"id": number, "title": "Hamlet", "release_date": "1990-01-01", "popularity": popularity}
        for number, popularity in zip(range(1, 16), (5, 1, 9, 2, 8, 3, 7, 4, 6, 15, 14, 13, 12, 11, 10), strict=True)
    ]
    details = {f"movie/{one['id']}": one for one in namesakes}
    script = Scripted({"search/movie": hits(*namesakes), **details})

    answer = await tmdb(script).lookup(MOVIE, "hamlet-1990")
    assert isinstance(answer, Several)
    chosen = [await tmdb(script).lookup(MOVIE, slug) for slug in answer.slugs]

    assert len(answer.candidates) == 10
    assert [one.facts.tmdb_id for one in chosen if isinstance(one, Found)] == [one.tmdb_id for one in answer.candidates]


async def test_f66_hits_and_details_of_an_unknown_form_are_passed_over() -> None:
    odd: list[dict[str, Any]] = [{"id": None, "title": "Heat"}, {"id": 1, "title": None}, {"title": "Heat"}]
    script = Scripted(
        {
            "search/movie": hits(*odd, {"id": 949, "title": "Heat", "release_date": "1995-12-15"}),
            "movie/949": {"id": 949, "title": None, "original_title": None},
        }
    )

    assert isinstance(await tmdb(script).lookup(MOVIE, "heat-1995"), Missing)


async def test_f66_search_results_that_are_no_list_find_nothing() -> None:
    script = Scripted({"search/movie": {"results": {"id": 1}}})

    assert await tmdb(script).lookup(MOVIE, "heat-1995") == Missing()


async def test_f67_an_entity_deleted_between_search_and_details_is_missing() -> None:
    script = Scripted({"search/movie": hits({"id": 949, "title": "Heat", "release_date": "1995-12-15"})})

    answer = await tmdb(script).lookup(MOVIE, "heat-1995")

    assert isinstance(answer, Missing)


async def test_f67_a_merged_id_comes_with_its_new_id() -> None:
    script = Scripted({"movie/1": {"id": 949, "title": "Heat"}})

    facts = await tmdb(script).facts(MOVIE, 1)

    assert facts is not None
    assert facts.tmdb_id == 949


async def test_f67_adult_titles_are_never_found() -> None:
    script = Scripted(
        {"search/movie": hits({"id": 1, "title": "Heat", "adult": True}), "movie/1": {"id": 1, "title": "Heat"}}
    )

    assert await tmdb(script).lookup(MOVIE, "heat") == Missing()


@pytest.mark.parametrize(
    ("slug", "query"),
    [
        ("ocean-s-eleven-2001", "ocean's eleven"),
        ("don-t-look-up", "don't look up"),
        ("m-1931", "m"),
        ("1917-2019", "1917"),
        ("the-matrix", "the matrix"),
    ],
)
async def test_slugs_are_searched_as_a_person_would_type_them(slug: str, query: str) -> None:
    queries: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        queries.append(request.url.params["query"])
        return httpx.Response(200, json=hits())

    await tmdb(handler).lookup(MOVIE, slug)

    assert queries[0] == query


@pytest.mark.parametrize("kind", EntityKind)
async def test_a_lookup_of_nothing_ends_after_a_few_searches(kind: EntityKind) -> None:
    script = Scripted({})

    assert await tmdb(script).lookup(kind, "a-1990-b-1991-c-1992-d-1993-e-1994-f-1995-2") == Missing()
    assert sum(script.calls.values()) <= 14


async def test_f65_a_lookup_ends_at_its_total_deadline() -> None:
    async def stall(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError(request)

    http = client(transport=httpx.MockTransport(stall))
    catalog = TmdbCatalog(TmdbClient("http://tmdb/3", SecretStr("k"), http=http), HandClock(), deadline_s=0.05)

    for call in (catalog.lookup(MOVIE, "heat-1995"), catalog.search(MOVIE, "heat")):
        with pytest.raises(Transient) as raised:
            await call
        assert raised.value.failure.type is FailureType.TIMEOUT


async def test_f65_an_outage_is_an_error_and_never_missing() -> None:
    with pytest.raises(Transient):
        await tmdb(lambda _: httpx.Response(503)).lookup(MOVIE, "heat-1995")
    with pytest.raises(Unavailable):
        await tmdb(lambda _: httpx.Response(401)).lookup(MOVIE, "heat-1995")


async def test_a_search_pages_until_the_limit_and_names_everything_once() -> None:
    pages: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        page = int(request.url.params["page"])
        pages.append(str(page))
        items = [{"id": 19 * page + number, "title": f"Heat {number}"} for number in range(20)]
        return httpx.Response(200, json=hits(*items, pages=9))

    found = await tmdb(handler).search(MOVIE, "heat", limit=50)

    assert pages == ["1", "2", "3"]
    assert len(found) == len({one.tmdb_id for one in found}) == 50


async def test_a_tv_search_offers_what_is_probably_of_the_kind() -> None:
    script = Scripted(
        {"search/tv": hits({"id": 1, "name": "A", "genre_ids": [18]}, {"id": 2, "name": "B", "genre_ids": [10767]})}
    )

    assert await tmdb(script).search(SHOW, "x") == (Candidate(kind=SHOW, tmdb_id=2, title="B", genres=("Talk",)),)
    assert await tmdb(script).search(SERIES, "x") == (Candidate(kind=SERIES, tmdb_id=1, title="A", genres=("Drama",)),)


async def test_three_hundred_lookups_of_one_title_are_one_call() -> None:
    held = HeldCatalog(HEAT)
    cached = CachedCatalog(held, HandClock())

    lookups = [asyncio.create_task(cached.lookup(MOVIE, "heat-1995")) for _ in range(300)]
    held.release.set()
    answers = await asyncio.gather(*lookups)

    assert answers == [Found(HEAT)] * 300
    assert len(held.calls) == 1


async def test_a_caller_who_leaves_takes_nothing_from_the_others() -> None:
    held = HeldCatalog(HEAT)
    cached = CachedCatalog(held, HandClock())
    leaving, staying = (asyncio.create_task(cached.lookup(MOVIE, "heat-1995")) for _ in range(2))
    await asyncio.wait([leaving], timeout=0)

    leaving.cancel()
    held.release.set()

    assert await staying == Found(HEAT)
    assert leaving.cancelled()


@pytest.mark.parametrize(("slug", "ttl_s"), [("heat-1995", 600), ("heat-1996", 60), ("unheard-of", 60)])
async def test_what_exists_is_remembered_longer_than_what_does_not(slug: str, ttl_s: float) -> None:
    catalog, clock = FakeCatalog([HEAT]), HandClock()
    cached = CachedCatalog(catalog, clock)

    first = await cached.lookup(MOVIE, slug)
    await clock.sleep(ttl_s - 1)
    again = await cached.lookup(MOVIE, slug)
    calls = len(catalog.calls)
    await clock.sleep(1)
    await cached.lookup(MOVIE, slug)

    assert first == again
    assert (calls, len(catalog.calls)) == (1, 2)


async def test_an_error_reaches_every_waiting_caller_and_is_not_remembered() -> None:
    catalog = FakeCatalog([HEAT])
    cached = CachedCatalog(catalog, HandClock())
    catalog.error = Transient(failure(FailureType.UNKNOWN_ERROR, "down"))

    failed = await asyncio.gather(*(cached.lookup(MOVIE, "heat-1995") for _ in range(3)), return_exceptions=True)
    catalog.error = None

    assert [type(one) for one in failed] == [Transient] * 3
    assert await cached.lookup(MOVIE, "heat-1995") == Found(HEAT)


async def test_the_cache_is_bounded_and_forgets_the_oldest() -> None:
    catalog = FakeCatalog([HEAT])
    cached = CachedCatalog(catalog, HandClock(), max_entries=2)

    for slug in ("heat-1995", "b", "c", "heat-1995"):
        await cached.lookup(MOVIE, slug)

    assert [subject for _, _, subject in catalog.calls] == ["heat-1995", "b", "c", "heat-1995"]


async def test_facts_are_always_fresh() -> None:
    catalog = FakeCatalog([HEAT])
    cached = CachedCatalog(catalog, HandClock())

    for _ in range(2):
        assert await cached.facts(MOVIE, 949) == HEAT

    assert len(catalog.calls) == 2


@pytest.mark.parametrize(("query", "ttl_s"), [("heat", 600), ("unheard of", 60)])
async def test_a_search_is_remembered_longer_when_it_found_something(query: str, ttl_s: float) -> None:
    catalog, clock = FakeCatalog([HEAT]), HandClock()
    cached = CachedCatalog(catalog, clock)

    first = await asyncio.gather(*(cached.search(MOVIE, query) for _ in range(3)))
    await clock.sleep(ttl_s - 1)
    again = await cached.search(MOVIE, query)
    calls = len(catalog.calls)
    await clock.sleep(1)
    await cached.search(MOVIE, query)

    assert first == [again] * 3
    assert (calls, len(catalog.calls)) == (1, 2)


async def test_searches_that_differ_in_anything_are_different() -> None:
    catalog = FakeCatalog([HEAT])
    cached = CachedCatalog(catalog, HandClock())

    await cached.search(MOVIE, "heat")
    await cached.search(MOVIE, "heat", year=1995)
    await cached.search(MOVIE, "heat", limit=1)
    await cached.search(EntityKind.TV_SHOW, "heat")

    assert len(catalog.calls) == 4
