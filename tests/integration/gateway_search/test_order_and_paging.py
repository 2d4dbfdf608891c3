"""A total order, pages that neither repeat nor skip, and facets over all matches."""

import base64
import json

import pytest
from tests.integration.gateway_search.library import MOVIE, PERSON, Library, cast

from gateway.read_ports import Sort
from gateway.search_ports import Slice
from shared.entities import Role

TITLES = ("Alpha", "Bravo", "Charlie", "Delta", "Echo", "Foxtrot", "Golf")


@pytest.fixture
async def seven(library: Library) -> Library:
    """Seven films: two of each year, one without; popularity is equal in pairs."""
    for n, title in enumerate(TITLES):
        await library.add(
            f"Film {title}", 2000 + n // 2 if n < 6 else None, popularity=float(n // 2), genres=("Drama",)
        )
    return library


async def page_by_page(
    library: Library, text: str | None, size: int, sort: Sort | None, *, descending: bool
) -> list[str]:
    found: list[str] = []
    after = None
    while hits := (await library.find(text, part=Slice(size, after=after, sort=sort, descending=descending))).hits:
        found += (hit.title for hit in hits)
        after = hits[-1].cursor
    return found


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("descending", [False, True], ids=["asc", "desc"])
@pytest.mark.parametrize("sort", [None, "title", "year", "created_at", "updated_at"], ids=str)
async def test_pages_by_cursor_are_the_whole_list(
    seven: Library, sort: Sort | None, size: int, *, descending: bool
) -> None:
    whole = await seven.titles("film", part=Slice(100, sort=sort, descending=descending))

    assert sorted(whole) == [f"Film {title}" for title in TITLES]
    assert await page_by_page(seven, "film", size, sort, descending=descending) == whole


async def test_pages_by_number_are_the_whole_list(seven: Library) -> None:
    whole = await seven.titles()

    pages = [await seven.titles(part=Slice(3, offset=offset)) for offset in (0, 3, 6, 9)]

    assert [title for page in pages for title in page] == whole
    assert [len(page) for page in pages] == [3, 3, 1, 0]
    assert (await seven.find(part=Slice(3, offset=9))).total == 7


@pytest.mark.parametrize("sort", ["title", "created_at", "updated_at"])
async def test_an_explicit_order_goes_both_ways(seven: Library, sort: Sort) -> None:
    in_order = [f"Film {title}" for title in TITLES]

    assert await seven.titles("film", part=Slice(100, sort=sort, descending=False)) == in_order
    assert await seven.titles("film", part=Slice(100, sort=sort, descending=True)) == in_order[::-1]


async def test_unknown_years_come_last_in_both_directions(seven: Library) -> None:
    older, newer = [(await seven.find(part=Slice(100, sort="year", descending=one))).hits for one in (False, True)]

    assert [hit.year for hit in older] == [2000, 2000, 2001, 2001, 2002, 2002, None]
    assert [hit.year for hit in newer] == [2002, 2002, 2001, 2001, 2000, 2000, None]


async def test_without_order_and_text_the_popular_come_first(seven: Library) -> None:
    titles = await seven.titles()

    assert titles[0] == "Film Golf"
    assert [set(titles[1:3]), set(titles[3:5])] == [{"Film Echo", "Film Foxtrot"}, {"Film Charlie", "Film Delta"}]


@pytest.mark.parametrize("sort", [None, "title", "year", "created_at"], ids=str)
async def test_rows_added_between_pages_repeat_and_skip_nothing(seven: Library, sort: Sort | None) -> None:
    before = await seven.titles("film", part=Slice(100, sort=sort))
    first = (await seven.find("film", part=Slice(3, sort=sort))).hits
    for n, title in enumerate(("Film", "Film Aaa", "Film Deltas", "Film Zzz")):
        await seven.add(title, 1990 + n * 5, popularity=n * 1.5)

    rest = await seven.titles("film", part=Slice(100, after=first[-1].cursor, sort=sort))

    assert [title for title in rest if title in before] == before[3:]


async def test_a_cursor_goes_on_with_the_corrections_it_began_with(seven: Library) -> None:
    first = (await seven.find("flim", part=Slice(3))).hits
    await seven.add("Flimsy", popularity=99.0)

    rest = await seven.titles("flim", part=Slice(100, after=first[-1].cursor))

    assert {hit.title for hit in first} | set(rest) >= {f"Film {title}" for title in TITLES}
    assert len(first) + len([title for title in rest if title != "Flimsy"]) == 7


def packed(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


ID = "0" * 32
GARBAGE = [
    "",
    "x",
    "%",
    "é",
    "AAAA",
    "a" * 5000,
    packed(None),
    packed({}),
    packed([]),
    packed(["match"]),
    packed(["match", 0, 1.0]),
    packed(["match", 0, 1.0, "no-id"]),
    packed(["match", 0, 1.0, 7]),
    packed(["match", "0", 1.0, ID]),
    packed(["match", True, 1.0, ID]),
    packed(["match", 0, "1.0", ID]),
    packed(["match", 2**40, 1.0, ID]),
    packed(["match", 0, 10**400, ID]),
    packed(["match", 0, 1.0, ID, ["film"]]),
    packed(["match", 0, 1.0, ID, {"flim": "film"}]),
    packed(["match", 0, 1.0, ID, {"flim": ["' | 'x"]}]),
    packed(["match", 0, 1.0, ID, {"flim": ["film"]}, 1]),
    packed(["match", 0, 1.0, ID, {f"fli{n}": ["film"] for n in range(99)}]),
    packed(["title-asc", "film", ID]),
    packed([[["match"]]] * 9),
    "W" * 4000,
]


@pytest.mark.parametrize("cursor", GARBAGE, ids=lambda cursor: cursor[:24] or "empty")
async def test_what_is_no_cursor_is_refused(library: Library, cursor: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (any: it is the caller who words it)
        await library.find("film", part=Slice(3, after=cursor))


@pytest.mark.parametrize(
    ("sort", "key"),
    [
        ("title", 7),
        ("title", "Ł"),
        ("title", "a\x00"),
        ("title", "\ud800"),
        ("year", "1999"),
        ("year", 1.5),
        ("created_at", "yesterday"),
        ("created_at", "0001-01-01T00:00:00+23:59"),
        ("created_at", 5),
    ],
)
async def test_a_cursor_with_a_wrong_key_is_refused(library: Library, sort: Sort, key: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (any: it is the caller who words it)
        await library.find("film", part=Slice(3, after=packed([f"{sort}-desc", key, ID]), sort=sort))


async def test_a_cursor_of_another_order_is_refused(seven: Library) -> None:
    [hit] = (await seven.find("film", part=Slice(1, sort="title", descending=False))).hits

    for part in (
        Slice(1, after=hit.cursor),
        Slice(1, after=hit.cursor, sort="title"),
        Slice(1, after=hit.cursor, sort="year"),
    ):
        with pytest.raises(ValueError, match="order"):
            await seven.find("film", part=part)


async def test_facets_count_all_matches(library: Library) -> None:
    first = await library.add("War One", 1999, genres=("War", "Drama"))
    await library.add("War Two", 1999, genres=("War",))
    second = await library.add("War Three", 2003, genres=("Drama", "War"))
    await library.add("War Four", None)
    await library.add("Peace", 1999, genres=("Romance",))
    for film, locale in ((first, "en-US"), (first, "pl-PL"), (second, "pl-PL")):
        await library.write(film, locale)

    found = await library.find("war", part=Slice(1))

    assert (len(found.hits), found.total) == (1, 4)
    assert found.facets == {
        "type": (("MOVIE", 4),),
        "year": ((1999, 2), (2003, 1)),
        "decade": ((1990, 2), (2000, 1)),
        "genre": (("War", 3), ("Drama", 2)),
        "locale": (("pl-PL", 2), ("en-US", 1)),
    }


async def test_facets_of_people(library: Library) -> None:
    await library.add("Ran", credits=cast("Ann Lee", "Bob Lee") + cast("Ann Lee", role=Role.DIRECTOR))
    await library.add("Ann Lee", 1950, PERSON)

    found = await library.find("lee", PERSON)

    assert found.facets == {
        "type": (("PERSON", 2),),
        "birth_year": ((1950, 1),),
        "decade": ((1950, 1),),
        "role": (("ACTOR", 2), ("DIRECTOR", 1)),
        "locale": (),
    }


async def test_a_facet_has_all_its_values_the_commonest_first(library: Library) -> None:
    for year in range(1950, 1975):
        await library.add(f"Film {year}", year)
    await library.add("Film again", 1974)

    years = (await library.find("film")).facets["year"]

    assert years == ((1974, 2), *((year, 1) for year in range(1950, 1974)))


async def test_nothing_found_has_empty_facets(library: Library) -> None:
    found = await library.find("nothing", MOVIE)

    assert found.facets == dict.fromkeys(("type", "year", "decade", "genre", "locale"), ())


async def test_facets_are_left_out_when_nobody_wants_them(seven: Library) -> None:
    found = await seven.index.search(seven.wanted("film"), Slice(2), facets=False)

    assert (found.facets, found.total, len(found.hits)) == ({}, 7, 2)
