"""`GET /api/v1/{type}`."""

from typing import Any

import pytest
from tests.integration.gateway_reads.harness import Gateway, acting, ago, facts

from shared.entities import KINDS, EntityKind

every_kind = pytest.mark.parametrize("kind", EntityKind)
every_title = pytest.mark.parametrize("kind", [kind for kind in EntityKind if kind is not EntityKind.PERSON])
TITLES = [("The Matrix", 1999), ("amélie", 2001), ("Heat", 1995), ("Dune", 2021), ("Zodiac", None)]


@pytest.fixture
async def five(gateway: Gateway, kind: EntityKind) -> None:
    """Five entities, stored one after the other."""
    for number, (title, year) in enumerate(TITLES):
        stored = await gateway.store(facts(kind, title, year, tmdb_id=number + 1))
        await gateway.change(stored, created_at=ago(1000 - number), updated_at=ago(number))


async def listed(gateway: Gateway, kind: EntityKind, **params: Any) -> list[str]:
    answer = await gateway.get(kind, params=params)
    assert answer.status_code == 200, answer.text
    return [item[KINDS[kind].title] for item in answer.json()["data"]]


def year(kind: EntityKind) -> str:
    return "birth_year" if kind is EntityKind.PERSON else "year"


@every_kind
async def test_an_empty_list_is_200(gateway: Gateway, kind: EntityKind) -> None:
    answer = await gateway.get(kind)

    assert answer.json() == {
        "data": [],
        "pagination": {
            "current_page": 1,
            "per_page": 50,
            "total_pages": 0,
            "total": 0,
            "has_next_page": False,
            "has_previous_page": False,
            "next_cursor": None,
        },
    }


@every_kind
@pytest.mark.usefixtures("five")
async def test_the_newest_come_first_and_every_kind_stays_among_itself(gateway: Gateway, kind: EntityKind) -> None:
    for other in set(EntityKind) - {kind}:
        await gateway.store(facts(other, "Another", 2000, tmdb_id=99))

    assert await listed(gateway, kind) == ["Zodiac", "Dune", "Heat", "amélie", "The Matrix"]


@every_kind
@pytest.mark.usefixtures("five")
@pytest.mark.parametrize(
    ("sort", "order", "expected"),
    [
        ("created_at", "asc", ["The Matrix", "amélie", "Heat", "Dune", "Zodiac"]),
        ("updated_at", None, ["The Matrix", "amélie", "Heat", "Dune", "Zodiac"]),
        ("title", None, ["amélie", "Dune", "Heat", "The Matrix", "Zodiac"]),
        ("title", "desc", ["Zodiac", "The Matrix", "Heat", "Dune", "amélie"]),
        ("year", None, ["Dune", "amélie", "The Matrix", "Heat", "Zodiac"]),
        ("year", "asc", ["Heat", "The Matrix", "amélie", "Dune", "Zodiac"]),
    ],
)
async def test_sorting(gateway: Gateway, kind: EntityKind, sort: str, order: str | None, expected: list[str]) -> None:
    named = {"title": KINDS[kind].title, "year": KINDS[kind].year}.get(sort, sort)
    params = {"sort": named} | ({"order": order} if order else {})

    assert await listed(gateway, kind, **params) == expected


@every_kind
@pytest.mark.usefixtures("five")
async def test_pages_hold_everything_once_and_tell_the_true_total(gateway: Gateway, kind: EntityKind) -> None:
    answers = [await gateway.get(kind, params={"per_page": 2, "page": page}) for page in (1, 2, 3, 4, 1_000_000_000)]

    pages = [answer.json() for answer in answers]
    assert [len(page["data"]) for page in pages] == [2, 2, 1, 0, 0]
    assert len({item["id"] for page in pages for item in page["data"]}) == 5
    assert {page["pagination"]["total"] for page in pages} == {5}
    assert {page["pagination"]["total_pages"] for page in pages} == {3}
    assert [page["pagination"]["has_next_page"] for page in pages] == [True, True, False, False, False]
    assert [page["pagination"]["has_previous_page"] for page in pages] == [False, True, True, True, True]


@every_kind
@pytest.mark.usefixtures("five")
async def test_years_are_filtered_exactly_and_by_inclusive_bounds(gateway: Gateway, kind: EntityKind) -> None:
    name = year(kind)

    exactly = await listed(gateway, kind, **{name: 1999})
    between = await listed(gateway, kind, **{f"{name}_from": 1995, f"{name}_to": 1999})
    both = await listed(gateway, kind, **{name: 1999, f"{name}_from": 2000})

    assert exactly == ["The Matrix"]
    assert between == ["Heat", "The Matrix"]
    assert both == []


@pytest.mark.parametrize("kind", [EntityKind.TV_SHOW])
@pytest.mark.usefixtures("five")
@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("matrix", ["The Matrix"]),
        ("matr", ["The Matrix"]),
        ("AMELIE", ["amélie"]),
        (" the  MATRIX ", ["The Matrix"]),
        ("matrix the", ["The Matrix"]),
        ("matrix dune", []),
        ("z", []),
        ("%", []),
        ("_", []),
        ("mat_ix", []),
        ("\u200b", []),
        ("\u0301", []),
        ("nothing", []),
    ],
)
async def test_q_finds_words_by_their_beginning_folded_and_takes_wildcards_as_characters(
    gateway: Gateway, kind: EntityKind, q: str, expected: list[str]
) -> None:
    assert await listed(gateway, kind, q=q) == expected


@every_title
async def test_q_finds_titles_by_their_people_and_genres_too(gateway: Gateway, kind: EntityKind) -> None:
    audrey = acting("Audrey Tautou", 2405, 0)
    await gateway.store(facts(kind, "Amélie", 2001, 1, genres=("Comedy", "Sci-Fi & Fantasy"), credits=(audrey,)))
    await gateway.store(facts(kind, "Comedy Club", 2002, 2))

    assert await listed(gateway, kind, q="audrey TAUTOU") == ["Amélie"]
    assert await listed(gateway, kind, q="comedy") == ["Comedy Club", "Amélie"]
    assert await listed(gateway, kind, q="amelie sci-fi tautou") == ["Amélie"]
    assert await listed(gateway, kind, q="fantasy", genre="comedy") == ["Amélie"]
    assert [await listed(gateway, kind, q=q) for q in ("genre=comedy", "genre", "kind", "about")] == [[]] * 4


@every_kind
async def test_a_kind_is_searched_by_itself(gateway: Gateway, kind: EntityKind) -> None:
    for number, one in enumerate(EntityKind):
        await gateway.store(facts(one, f"Matrix {one.lower()}", 1999, tmdb_id=number + 1))

    assert await listed(gateway, kind, q="matrix") == [f"Matrix {kind.lower()}"]


@every_title
async def test_genres_are_named_by_their_slugs_and_combine_with_and(gateway: Gateway, kind: EntityKind) -> None:
    await gateway.store(facts(kind, "One", 2001, 1, genres=("Science Fiction", "War & Politics")))
    await gateway.store(facts(kind, "Two", 2002, 2, genres=("Science Fiction",)))

    assert await listed(gateway, kind, genre="science-fiction") == ["Two", "One"]
    assert await listed(gateway, kind, genre="Science Fiction,war-and-politics") == ["One"]
    assert await listed(gateway, kind, **{"genre[]": ["science-fiction", "war-and-politics"]}) == ["One"]
    assert await listed(gateway, kind, genre=["science-fiction", "western"]) == []


@every_kind
async def test_items_carry_credits_and_texts_only_when_included(gateway: Gateway, kind: EntityKind) -> None:
    cast = () if kind is EntityKind.PERSON else (acting("Keanu Reeves", 6384, 0),)
    await gateway.stored_with_text(facts(kind, "The Matrix", credits=cast))
    names, member = KINDS[kind], "movies" if kind is EntityKind.PERSON else "people"

    plain = (await gateway.get(kind)).json()["data"][0]
    included = (await gateway.get(kind, params={"include": f"{names.texts},{member}"})).json()["data"][0]

    assert [credit["slug"] for credit in plain[member]] == ([] if kind is EntityKind.PERSON else ["keanu-reeves"])
    assert plain[f"default_{names.text}"]["text"] == "A text."
    assert names.texts not in plain
    assert len(included[names.texts]) == included[f"{names.texts}_count"] == 1


@pytest.mark.parametrize("kind", [EntityKind.MOVIE, EntityKind.PERSON])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sort", "popularity"),
        ("sort", "tmdb_id"),
        ("order", "sideways"),
        ("page", "0"),
        ("page", "one"),
        ("page", "9" * 40),
        ("page", "-1"),
        ("per_page", "101"),
        ("per_page", "0"),
        ("per_page", "1.5"),
        ("year", "1500"),
        ("year_to", "99999"),
        ("include", "secrets"),
        ("q", "x" * 256),
        ("q", "a\x00b"),
    ],
)
async def test_a_wrong_parameter_is_422_and_named(gateway: Gateway, kind: EntityKind, name: str, value: str) -> None:
    sent = name.replace("year", year(kind))

    answer = await gateway.get(kind, params={sent: value})

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [sent]


@every_kind
async def test_all_wrong_parameters_are_named_at_once(gateway: Gateway, kind: EntityKind) -> None:
    answer = await gateway.get(kind, params={"sort": "x", "page": "x", "order": "x"})

    assert set(answer.json()["errors"]) == {"sort", "page", "order"}


@every_kind
async def test_empty_and_unknown_parameters_are_ignored(gateway: Gateway, kind: EntityKind) -> None:
    answer = await gateway.get(kind, params={"page": "", "sort": " ", "q": "", "genre": "", "colour": "red"})

    assert answer.status_code == 200


@every_kind
async def test_a_list_is_revalidated_by_its_tag(gateway: Gateway, kind: EntityKind) -> None:
    stored = await gateway.stored_with_text(facts(kind, "The Matrix"))
    first = await gateway.get(kind)

    same = await gateway.get(kind, headers={"If-None-Match": f"W/{first.headers['etag']}"})
    await gateway.announce(stored, await gateway.change(stored, title="Changed"))
    other = await gateway.get(kind, headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["cache-control"] == "public, no-cache"
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", first.headers["etag"])
    assert other.status_code == 200
    assert other.headers["etag"] != first.headers["etag"]
