import re
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import slugs
from shared.entities import Candidate, EntityKind, Facts, MovieDetails, PersonDetails, TvDetails
from shared.slugs import ParsedSlug

MOVIE, PERSON, SERIES = EntityKind.MOVIE, EntityKind.PERSON, EntityKind.TV_SERIES
THIS_YEAR = 2026
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
SIGNS = st.characters(exclude_categories=["Cs"])
SLUGS = st.from_regex(SLUG, fullmatch=True).filter(lambda slug: len(slug) <= slugs.MAX_LENGTH)
KINDS = st.sampled_from(EntityKind)


@st.composite
def entities(draw: st.DrawFn) -> Facts:
    kind = draw(KINDS)
    year = draw(st.none() | st.integers(1888, THIS_YEAR))
    name = st.none() | st.text("abcé ,.x", max_size=30)
    match kind:
        case EntityKind.MOVIE:
            details = MovieDetails(director=draw(name))
        case EntityKind.PERSON:
            details = PersonDetails(birthplace=draw(name))
        case _:
            details = TvDetails()
    return Facts(kind=kind, tmdb_id=1, title=draw(st.text(SIGNS, max_size=300)), year=year, details=details)


@pytest.mark.parametrize(
    ("kind", "slug", "meant"),
    [
        (MOVIE, "the-matrix-1999", [("the-matrix", 1999, None), ("the-matrix-1999", None, None)]),
        (MOVIE, "1917", [("1917", None, None)]),
        (MOVIE, "1917-2019", [("1917", 2019, None), ("1917-2019", None, None)]),
        (MOVIE, "1984-1956", [("1984", 1956, None), ("1984-1956", None, None)]),
        (MOVIE, "2001-a-space-odyssey-1968", [("2001-a-space-odyssey", 1968, None), ("2001-a-space-odyssey-1968", None, None)]),
        (MOVIE, "blade-runner-2049", [("blade-runner-2049", None, None)]),
        (MOVIE, "blade-runner-2049-2017", [("blade-runner-2049", 2017, None), ("blade-runner-2049-2017", None, None)]),
        (MOVIE, "death-race-2000-1975", [("death-race-2000", 1975, None), ("death-race-2000-1975", None, None)]),
        (MOVIE, "heat-1995-michael-mann", [("heat", 1995, "michael-mann"), ("heat-1995-michael-mann", None, None)]),
        (MOVIE, "dune-2021-2", [("dune", 2021, "2"), ("dune-2021-2", None, None), ("dune-2021", None, "2")]),
        (MOVIE, "jaws-2", [("jaws-2", None, None), ("jaws", None, "2")]),
        (MOVIE, "soon-2036", [("soon", 2036, None), ("soon-2036", None, None)]),
        (MOVIE, "later-2037", [("later-2037", None, None)]),
        (MOVIE, "early-1887", [("early-1887", None, None)]),
        (SERIES, "lost-2004-abc", [("lost-2004-abc", None, None)]),
        (PERSON, "john-smith-1950-london", [("john-smith", 1950, "london"), ("john-smith-1950-london", None, None)]),
        (PERSON, "ludwig-1801", [("ludwig", 1801, None), ("ludwig-1801", None, None)]),
        (PERSON, "child-2027", [("child-2027", None, None)]),
    ],
)  # fmt: skip
def test_a_slug_is_read_year_first_then_as_a_title(
    kind: EntityKind, slug: str, meant: list[tuple[str, int | None, str | None]]
) -> None:
    found = slugs.readings(kind, slug, THIS_YEAR)

    assert found == tuple(ParsedSlug(slug, *one) for one in meant)
    assert slugs.parse(kind, slug, THIS_YEAR) == found[0]


@given(KINDS, SLUGS)
def test_readings_are_few_different_and_contain_the_whole_slug(kind: EntityKind, slug: str) -> None:
    found = slugs.readings(kind, slug, THIS_YEAR)

    assert 1 <= len(found) <= 6
    assert len(set(found)) == len(found)
    assert ParsedSlug(slug, slug) in found


@given(KINDS, st.text(max_size=300))
def test_any_text_can_be_read_and_judged(kind: EntityKind, text: str) -> None:
    found = slugs.readings(kind, text, THIS_YEAR)

    assert found[0] == slugs.parse(kind, text, THIS_YEAR)
    assert 0 <= slugs.plausibility(kind, text, THIS_YEAR).confidence <= 1


@given(entities())
def test_canonical_slugs_are_their_own_slugs(facts: Facts) -> None:
    for slug in islice(slugs.candidates(facts), 5):
        assert slugs.slugify(slug) == slug


@given(entities())
def test_canonical_slugs_are_valid_different_and_read_back_as_the_entity(facts: Facts) -> None:
    offered = list(islice(slugs.candidates(facts), 12))

    assert len(set(offered)) == len(offered)
    for slug in offered:
        assert SLUG.fullmatch(slug)
        assert len(slug) <= slugs.MAX_LENGTH
        readings = slugs.readings(facts.kind, slug, THIS_YEAR)
        assert any(
            slugs.slugify(facts.title).startswith(one.title_part) and one.year in {facts.year, None} for one in readings
        )


def movie(title: str, year: int | None, director: str | None = None) -> Facts:
    return Facts(kind=MOVIE, tmdb_id=1, title=title, year=year, details=MovieDetails(director=director))


@pytest.mark.parametrize(
    ("facts", "offered"),
    [
        (
            movie("The Matrix", 1999, "Lana Wachowski, Lilly Wachowski"),
            ["the-matrix-1999", "the-matrix-1999-lana-wachowski", "the-matrix-1999-2", "the-matrix-1999-3"],
        ),
        (movie("Heat", 1995), ["heat-1995", "heat-1995-2", "heat-1995-3"]),
        (movie("Untitled", None, "Someone"), ["untitled", "untitled-2", "untitled-3"]),
        (
            Facts(kind=SERIES, tmdb_id=1, title="The Office", year=2005, details=TvDetails()),
            ["the-office-2005", "the-office-2005-2"],
        ),
        (
            Facts(kind=PERSON, tmdb_id=1, title="Chris Evans", year=1981, details=PersonDetails(birthplace="Boston, USA")),
            ["chris-evans", "chris-evans-1981", "chris-evans-1981-boston", "chris-evans-1981-2"],
        ),
        (
            Facts(kind=PERSON, tmdb_id=1, title="Sabu", details=PersonDetails(birthplace="Mysore")),
            ["sabu", "sabu-2", "sabu-3"],
        ),
        (Facts(kind=MOVIE, tmdb_id=1, title="Search", details=MovieDetails()), ["search-2", "search-3"]),
    ],
)  # fmt: skip
def test_canonical_slugs_come_in_order_of_preference(facts: Facts, offered: list[str]) -> None:
    assert list(islice(slugs.candidates(facts), len(offered))) == offered


def test_options_are_told_apart_by_year_and_else_by_number() -> None:
    offered = [
        Candidate(kind=MOVIE, tmdb_id=9, title="Dune", year=2021),
        Candidate(kind=MOVIE, tmdb_id=5, title="Dune", year=2021),
        Candidate(kind=MOVIE, tmdb_id=7, title="Dune", year=1984),
        Candidate(kind=MOVIE, tmdb_id=8, title="Dune"),
        Candidate(kind=MOVIE, tmdb_id=3, title="Sand"),
    ]

    assert slugs.option_slugs(offered) == ("dune-2021-2", "dune-2021-1", "dune-1984", "dune-1", "sand")


def test_no_option_is_spelled_like_another_page() -> None:
    assert slugs.option_slugs([Candidate(kind=MOVIE, tmdb_id=1, title="Compare")]) == ("compare-1",)


@pytest.mark.parametrize(
    ("kind", "slug", "confidence", "level"),
    [
        (MOVIE, "the-matrix-1999", 0.9, "high"),
        (PERSON, "spike-lee-1957", 0.9, "high"),
        (PERSON, "keanu-reeves", 0.85, "medium"),
        (PERSON, "madonna", 0.6, "low"),
        (MOVIE, "the-matrix", 0.6, "low"),
        (MOVIE, "jaws", 0.6, "low"),
        (MOVIE, "up", 0.5, "low"),
        (MOVIE, "1917", 0.5, "low"),
        (MOVIE, "asdfghjkl", 0.3, "very_low"),
    ],
)
def test_confidence_grows_with_what_the_slug_tells(kind: EntityKind, slug: str, confidence: float, level: str) -> None:
    found = slugs.plausibility(kind, slug, THIS_YEAR)

    assert (found.confidence, found.level) == (confidence, level)


@pytest.mark.parametrize(
    "slug",
    ["asdfghjkl", "asdfghjkl-1999", "qwertyuiop", "zzzzzzzz", "xkcdqwrtpsdf", "123456789012", "sdfkjhgfdkj", "bcdfghjklmn-1999",
     "qazwsx", "asdasd", "qweqwe", "dfgdfgdfg", "lolololol", "abcabcabcabc"],
)  # fmt: skip
@pytest.mark.parametrize("kind", EntityKind)
def test_keyboard_mash_is_implausible_for_every_kind(kind: EntityKind, slug: str) -> None:
    found = slugs.plausibility(kind, slug, THIS_YEAR)

    assert (found.plausible, found.reason) == (False, "implausible")


@given(KINDS, SLUGS)
def test_confidence_is_a_share_and_low_exactly_with_a_reason(kind: EntityKind, slug: str) -> None:
    found = slugs.plausibility(kind, slug, THIS_YEAR)

    assert 0 <= found.confidence <= 1
    assert (found.reason is None) is found.plausible
