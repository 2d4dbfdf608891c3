"""What every catalogue promises, run on the one in memory and on TMDb's protocol as the sandbox speaks it."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from sandbox.app import create_app
from sandbox.tmdb.store import Store
from shared.catalog import Found, Lookup, Missing, OtherYear, Several
from shared.entities import EntityKind, Facts, MovieDetails, PersonDetails, ShowType, TvDetails
from shared.errors import Transient, failure
from shared.http import client
from shared.jobs import FailureType
from shared.testing.catalog import FakeCatalog
from shared.tmdb.catalog import CachedCatalog, Catalog, TmdbCatalog
from shared.tmdb.client import TmdbClient

MOVIE, PERSON, SERIES, SHOW = EntityKind


def movie(tmdb_id: int, title: str, released: str, director: str, popularity: float = 1, **more: Any) -> Facts:
    day = date.fromisoformat(released)
    details = MovieDetails(director=director, release_date=day)
    return Facts(
        kind=MOVIE, tmdb_id=tmdb_id, title=title, year=day.year, details=details, popularity=popularity, **more
    )


def person(tmdb_id: int, name: str, born: str | None, place: str | None) -> Facts:
    day = date.fromisoformat(born) if born else None
    details = PersonDetails(birth_date=day, birthplace=place)
    return Facts(kind=PERSON, tmdb_id=tmdb_id, title=name, year=day.year if day else None, details=details)


def tv(tmdb_id: int, name: str, aired: str, show_type: ShowType | None = None) -> Facts:
    day = date.fromisoformat(aired)
    kind = SHOW if show_type else SERIES
    details = TvDetails(first_air_date=day, show_type=show_type)
    return Facts(kind=kind, tmdb_id=tmdb_id, title=name, year=day.year, details=details)


KNOWN = [
    movie(603, "The Matrix", "1999-03-31", "Lana Wachowski, Lilly Wachowski", 85, titles={"pl-PL": "Matrix"}),
    movie(604, "The Matrix Reloaded", "2003-05-15", "Lana Wachowski, Lilly Wachowski", 60),
    movie(949, "Heat", "1995-12-15", "Michael Mann"),
    movie(9398, "Heat", "1986-11-13", "Dick Richards"),
    movie(438631, "Dune", "2021-09-15", "Denis Villeneuve", 90),
    movie(841, "Dune", "1984-12-14", "David Lynch", 30),
    movie(71, "Twins", "2010-01-01", "One", 5),
    movie(70, "Twins", "2010-06-01", "Two", 50),
    movie(194, "Amélie", "2001-04-25", "Jean-Pierre Jeunet", original_title="Le Fabuleux Destin d'Amélie Poulain"),
    movie(161, "Ocean's Eleven", "2001-12-07", "Steven Soderbergh"),
    movie(27205, "Inception", "2010-07-15", "Christopher Nolan", titles={"pl-PL": "Incepcja", "es-ES": "Origen"}),
    movie(530915, "1917", "2019-12-25", "Sam Mendes"),
    movie(335984, "Blade Runner 2049", "2017-10-04", "Denis Villeneuve"),
    movie(578, "Jaws", "1975-06-20", "Steven Spielberg"),
    movie(579, "Jaws 2", "1978-06-16", "Jeannot Szwarc"),
    movie(62, "2001: A Space Odyssey", "1968-04-02", "Stanley Kubrick"),
    person(6384, "Keanu Reeves", "1964-09-02", "Beirut, Lebanon"),
    person(16828, "Chris Evans", "1981-06-13", "Boston, Massachusetts, USA"),
    person(16829, "Chris Evans", "1970-01-01", "London, England"),
    person(77, "Sabu", None, None),
    tv(2316, "The Office", "2005-03-24"),
    tv(2996, "The Office", "2001-07-09"),
    tv(1396, "Breaking Bad", "2008-01-20"),
    tv(2224, "The Daily Show", "1996-07-22", ShowType.TALK_SHOW),
    tv(81, "Planet", "2006-03-05", ShowType.DOCUMENTARY),
    tv(82, "Planet", "2006-09-01"),
]


def ids(answer: Lookup) -> list[int]:
    match answer:
        case Found(facts):
            return [facts.tmdb_id]
        case Several(candidates) | Missing(candidates):
            return [one.tmdb_id for one in candidates]
        case OtherYear(candidate):
            return [candidate.tmdb_id]


class CatalogContract(ABC):
    @pytest.fixture
    @abstractmethod
    def catalog(self) -> Catalog: ...

    @pytest.fixture
    @abstractmethod
    def broken(self) -> Catalog:
        """A catalogue whose source fails every call."""

    @pytest.mark.parametrize(
        ("kind", "slug", "tmdb_id"),
        [
            (MOVIE, "the-matrix-1999", 603),
            (MOVIE, "the-matrix", 603),
            (MOVIE, "the-matrix-1999-lana-wachowski", 603),
            (MOVIE, "the-matrix-1999-lana-wachowski-lilly-wachowski", 603),
            (MOVIE, "heat-1995-michael-mann", 949),
            (MOVIE, "heat-1986", 9398),
            (MOVIE, "twins-2010-1", 70),
            (MOVIE, "twins-2010-2", 71),
            (MOVIE, "amelie-2001", 194),
            (MOVIE, "le-fabuleux-destin-d-amelie-poulain", 194),
            (MOVIE, "ocean-s-eleven-2001", 161),
            (MOVIE, "incepcja-2010", 27205),
            (MOVIE, "origen", 27205),
            (MOVIE, "1917", 530915),
            (MOVIE, "1917-2019", 530915),
            (MOVIE, "blade-runner-2049", 335984),
            (MOVIE, "blade-runner-2049-2017", 335984),
            (MOVIE, "jaws-2", 579),
            (MOVIE, "2001-a-space-odyssey-1968", 62),
            (PERSON, "keanu-reeves", 6384),
            (PERSON, "keanu-reeves-1964", 6384),
            (PERSON, "chris-evans-1981", 16828),
            (PERSON, "chris-evans-1970-london", 16829),
            (PERSON, "sabu", 77),
            (SERIES, "the-office-2005", 2316),
            (SERIES, "breaking-bad", 1396),
            (SERIES, "planet-2006", 82),
            (SHOW, "planet-2006", 81),
            (SHOW, "the-daily-show", 2224),
        ],
    )
    async def test_a_slug_that_fits_one_entity_finds_it(
        self, catalog: Catalog, kind: EntityKind, slug: str, tmdb_id: int
    ) -> None:
        answer = await catalog.lookup(kind, slug)

        assert isinstance(answer, Found)
        assert (answer.facts.kind, answer.facts.tmdb_id) == (kind, tmdb_id)

    @pytest.mark.parametrize(
        ("kind", "slug", "tmdb_ids"),
        [
            (MOVIE, "dune", [438631, 841]),
            (MOVIE, "heat", [949, 9398]),
            (MOVIE, "twins-2010", [70, 71]),
            (PERSON, "chris-evans", [16828, 16829]),
            (SERIES, "the-office", [2316, 2996]),
        ],
    )
    async def test_a_slug_that_fits_several_offers_them_newest_first_each_by_a_slug_of_its_own(
        self, catalog: Catalog, kind: EntityKind, slug: str, tmdb_ids: list[int]
    ) -> None:
        answer = await catalog.lookup(kind, slug)
        assert isinstance(answer, Several)
        chosen = [await catalog.lookup(kind, option) for option in answer.slugs]

        assert ids(answer) == tmdb_ids
        assert [type(one) for one in chosen] == [Found] * len(tmdb_ids)
        assert [ids(one)[0] for one in chosen] == tmdb_ids

    @pytest.mark.parametrize(
        ("kind", "slug", "tmdb_id", "asked"),
        [
            (MOVIE, "the-matrix-1998", 603, 1998),
            (MOVIE, "dune-1990", 841, 1990),
            (MOVIE, "dune-2015", 438631, 2015),
            (MOVIE, "1917-2018", 530915, 2018),
            (PERSON, "keanu-reeves-1965", 6384, 1965),
            (SERIES, "breaking-bad-2009", 1396, 2009),
        ],
    )
    async def test_a_wrong_year_names_the_closest_entity_of_the_title(
        self, catalog: Catalog, kind: EntityKind, slug: str, tmdb_id: int, asked: int
    ) -> None:
        answer = await catalog.lookup(kind, slug)

        assert isinstance(answer, OtherYear)
        assert (answer.candidate.tmdb_id, answer.requested_year) == (tmdb_id, asked)

    @pytest.mark.parametrize(
        ("kind", "slug"),
        [
            (MOVIE, "zardoz-1974"),
            (MOVIE, "heat-1995-someone-else"),
            (MOVIE, "twins-2010-3"),
            (MOVIE, "breaking-bad"),
            (PERSON, "nobody-at-all"),
            (PERSON, "chris-evans-1981-london"),
            (SERIES, "the-daily-show"),
            (SHOW, "breaking-bad-2008"),
        ],
    )
    async def test_what_does_not_fit_is_missing(self, catalog: Catalog, kind: EntityKind, slug: str) -> None:
        answer = await catalog.lookup(kind, slug)

        assert isinstance(answer, Missing)
        assert all(one.kind is kind for one in answer.near)

    async def test_near_matches_can_be_asked_for(self, catalog: Catalog) -> None:
        answer = await catalog.lookup(MOVIE, "matrix-reloaded-2003")
        assert isinstance(answer, Missing)
        found = [await catalog.lookup(MOVIE, slug) for slug in answer.slugs]

        assert 604 in ids(answer)
        assert len(answer.near) <= 5
        assert [type(one) for one in found] == [Found] * len(answer.near)

    @pytest.mark.parametrize(("kind", "tmdb_id"), [(facts.kind, facts.tmdb_id) for facts in KNOWN])
    async def test_facts_are_those_of_the_id(self, catalog: Catalog, kind: EntityKind, tmdb_id: int) -> None:
        facts = await catalog.facts(kind, tmdb_id)

        assert facts is not None
        known = next(one for one in KNOWN if (one.kind, one.tmdb_id) == (kind, tmdb_id))
        assert (facts.kind, facts.tmdb_id, facts.title, facts.year) == (kind, tmdb_id, known.title, known.year)
        assert facts.director == known.director

    async def test_an_unknown_id_has_no_facts(self, catalog: Catalog) -> None:
        assert await catalog.facts(MOVIE, 999_999_999) is None

    async def test_a_search_is_bounded_and_filters_by_year(self, catalog: Catalog) -> None:
        every = await catalog.search(MOVIE, "dune")
        new = await catalog.search(MOVIE, "dune", year=2021)
        one = await catalog.search(MOVIE, "dune", limit=1)

        assert [found.tmdb_id for found in every] == [438631, 841]
        assert [found.tmdb_id for found in new] == [438631]
        assert len(one) == 1
        assert await catalog.search(PERSON, "dune") == ()

    async def test_a_source_that_fails_is_an_error_and_never_an_answer(self, broken: Catalog) -> None:
        for call in (broken.lookup(MOVIE, "heat-1995"), broken.facts(MOVIE, 949), broken.search(MOVIE, "heat")):
            with pytest.raises(Transient):
                await call


class TestFakeCatalog(CatalogContract):
    @pytest.fixture
    def catalog(self) -> Catalog:
        return FakeCatalog(KNOWN)

    @pytest.fixture
    def broken(self) -> Catalog:
        catalog = FakeCatalog(KNOWN)
        catalog.error = Transient(failure(FailureType.UNKNOWN_ERROR, "down"))
        return catalog


class TestTmdbCatalog(CatalogContract):
    @pytest.fixture
    async def catalog(self) -> AsyncIterator[Catalog]:
        transport = httpx.ASGITransport(app=create_app(sandboxed(KNOWN)))
        async with client(transport=transport) as http:
            yield TmdbCatalog(TmdbClient("http://sandbox/tmdb/3", SecretStr("any"), http=http), StandingClock())

    @pytest.fixture
    async def broken(self) -> AsyncIterator[Catalog]:
        async with client(transport=httpx.MockTransport(lambda _: httpx.Response(500))) as http:
            yield TmdbCatalog(TmdbClient("http://sandbox/tmdb/3", SecretStr("any"), http=http), StandingClock())


class TestCachedCatalog(CatalogContract):
    @pytest.fixture
    def catalog(self) -> Catalog:
        return CachedCatalog(FakeCatalog(KNOWN), StandingClock())

    @pytest.fixture
    def broken(self) -> Catalog:
        catalog = FakeCatalog(KNOWN)
        catalog.error = Transient(failure(FailureType.UNKNOWN_ERROR, "down"))
        return CachedCatalog(catalog, StandingClock())


class StandingClock:
    """A clock that stands still."""

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, delay_s: float) -> None: ...


def sandboxed(known: list[Facts]) -> Store:
    """The facts as the sandbox stores them."""
    return Store(
        [movie_entry(facts) for facts in known if facts.kind is MOVIE],
        [tv_entry(facts) for facts in known if facts.kind in {SERIES, SHOW}],
        {f"{facts.title} {facts.tmdb_id}": person_entry(facts) for facts in known if facts.kind is PERSON},
    )


def movie_entry(facts: Facts) -> dict[str, Any]:
    details = facts.details
    assert isinstance(details, MovieDetails)
    return titled(facts) | {
        "imdb_id": None,
        "title": facts.title,
        "original_title": facts.original_title or facts.title,
        "release_date": str(details.release_date),
        "runtime": None,
        "directors": (details.director or "").split(", "),
        "writers": [],
        "producers": [],
        "collection": None,
    }


def tv_entry(facts: Facts) -> dict[str, Any]:
    details = facts.details
    assert isinstance(details, TvDetails)
    types = {None: "Scripted", ShowType.TALK_SHOW: "Talk Show", ShowType.DOCUMENTARY: "Documentary"}
    return titled(facts) | {
        "name": facts.title,
        "original_name": facts.title,
        "first_air_date": str(details.first_air_date),
        "last_air_date": None,
        "number_of_seasons": 1,
        "number_of_episodes": 8,
        "status": "Ended",
        "type": types[details.show_type],
        "created_by": [],
        "executive_producers": [],
        "networks": [],
    }


def titled(facts: Facts) -> dict[str, Any]:
    return {
        "id": facts.tmdb_id,
        "original_language": "en",
        "genres": [],
        "tagline": "",
        "overview": "",
        "cast": [],
        "countries": [],
        "titles": dict(facts.titles),
        "popularity": facts.popularity,
        "vote_average": 0,
        "vote_count": 0,
    }


def person_entry(facts: Facts) -> dict[str, Any]:
    details = facts.details
    assert isinstance(details, PersonDetails)
    return {
        "id": facts.tmdb_id,
        "name": facts.title,
        "birthday": str(details.birth_date) if details.birth_date else None,
        "deathday": None,
        "place_of_birth": details.birthplace,
        "gender": 0,
        "department": "Acting",
        "biography": "",
        "also_known_as": [],
    }
