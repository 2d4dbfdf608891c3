"""Which slug the work on a proven entity goes by."""

import pytest

from gateway.usecases.look_up import LookUp, offers
from shared.catalog import Found, Missing, Several
from shared.entities import Candidate, EntityKind, Facts, MovieDetails, PersonDetails
from shared.errors import Transient, Unavailable, failure
from shared.jobs import FailureType
from shared.testing.catalog import FakeCatalog

MOVIE, PERSON = EntityKind.MOVIE, EntityKind.PERSON


def movie(tmdb_id: int, title: str, year: int | None, director: str | None = None, **titles: str) -> Facts:
    details = MovieDetails(director=director)
    named = {locale.replace("_", "-"): name for locale, name in titles.items()}
    return Facts(kind=MOVIE, tmdb_id=tmdb_id, title=title, year=year, details=details, titles=named)


def person(tmdb_id: int, name: str, year: int | None) -> Facts:
    return Facts(kind=PERSON, tmdb_id=tmdb_id, title=name, year=year, details=PersonDetails())


CATALOG = FakeCatalog(
    [
        movie(603, "The Matrix", 1999, pl_PL="Matrix"),
        movie(1, "Twins", 2010, "Ann One"),
        movie(2, "Twins", 2010, "Bob Two"),
        movie(3, "Undated", None),
        person(6384, "Keanu Reeves", 1964),
        person(7, "Michael Jones", 1947),
        person(8, "Michael Jones", 1972),
    ]
)


@pytest.mark.parametrize(
    ("kind", "slug", "canonical"),
    [
        (MOVIE, "the-matrix-1999", "the-matrix-1999"),
        (MOVIE, "the-matrix", "the-matrix-1999"),
        (MOVIE, "matrix", "the-matrix-1999"),
        (MOVIE, "matrix-1999", "the-matrix-1999"),
        (MOVIE, "undated", "undated"),
        (MOVIE, "twins-2010-ann-one", "twins-2010-ann-one"),
        (MOVIE, "twins-2010-2", "twins-2010-2"),
        (PERSON, "keanu-reeves", "keanu-reeves"),
        (PERSON, "keanu-reeves-1964", "keanu-reeves"),
        (PERSON, "michael-jones-1947", "michael-jones-1947"),
        (PERSON, "michael-jones-1972", "michael-jones-1972"),
    ],
)
async def test_a_canonical_slug_is_used_only_when_it_means_the_same(
    kind: EntityKind, slug: str, canonical: str
) -> None:
    answer, found = await LookUp(CATALOG)(kind, slug)

    assert isinstance(answer, Found)
    assert found == canonical


async def test_a_catalogue_that_is_away_is_unavailable_with_its_own_wish() -> None:
    catalog = FakeCatalog()
    catalog.error = Transient(failure(FailureType.RATE_LIMITED, "slow down"), retry_after_s=6.1)

    with pytest.raises(Unavailable) as raised:
        await LookUp(catalog)(MOVIE, "heat")

    assert (raised.value.dependency, raised.value.retry_after_s) == ("tmdb", 7)


def test_an_answer_offers_its_candidates_by_their_slugs() -> None:
    several = Several(tuple(Candidate(kind=MOVIE, tmdb_id=tmdb_id, title="Twins", year=2010) for tmdb_id in (2, 1)))

    assert [offers(several, slug) for slug in ("twins-2010-1", "twins-2010-2", "twins-2010")] == [1, 2, None]
    assert offers(Found(movie(603, "The Matrix", 1999)), "the-matrix-1999") == 603
    assert offers(Found(movie(603, "The Matrix", 1999)), "the-matrix-1998") is None
    assert offers(Missing(), "anything") is None
