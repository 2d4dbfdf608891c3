"""Walking a list by its cursors: nothing is repeated and nothing skipped, wherever entities are added."""

import base64
import itertools
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import orjson
import pytest
from tests.integration.gateway_reads.harness import Gateway, ago, facts

from shared.entities import KINDS, EntityKind

MOVIE = EntityKind.MOVIE
every_kind = pytest.mark.parametrize("kind", EntityKind)
SORTS = ("created_at", "updated_at", "title", "year")
ORDERS = ("asc", "desc")
YEARS = (1999, None, 1984, 1999, None, 2021, 1984)


def named(kind: EntityKind, sort: str) -> str:
    return {"title": KINDS[kind].title, "year": KINDS[kind].year}.get(sort, sort)


@pytest.fixture
async def seven(gateway: Gateway, kind: EntityKind) -> None:
    """Entities of which several share what they are sorted by."""
    for number, year in enumerate(YEARS):
        stored = await gateway.store(facts(kind, "Same" if number % 3 else f"Title {number}", year, tmdb_id=number + 1))
        moment = ago(1000 - number // 2)
        await gateway.announce(stored, await gateway.change(stored, created_at=moment, updated_at=moment))


async def walk(gateway: Gateway, kind: EntityKind, **params: Any) -> AsyncGenerator[httpx.Response]:
    """Every page, by the cursor of the one before."""
    cursor: dict[str, str] = {}
    while True:
        answer = await gateway.get(kind, params=params | cursor)
        assert answer.status_code == 200, answer.text
        yield answer
        following = answer.json()["pagination"]["next_cursor"]
        if following is None:
            return
        cursor = {"cursor": following}


async def ids(gateway: Gateway, kind: EntityKind, **params: Any) -> list[list[str]]:
    return [[item["id"] for item in page.json()["data"]] async for page in walk(gateway, kind, **params)]


@every_kind
@pytest.mark.usefixtures("seven")
@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("order", ORDERS)
async def test_a_walk_is_the_whole_list_in_order(gateway: Gateway, kind: EntityKind, sort: str, order: str) -> None:
    params = {"sort": named(kind, sort), "order": order}
    whole = [item["id"] for item in (await gateway.get(kind, params=params)).json()["data"]]

    for size in (1, 2, 3):
        pages = await ids(gateway, kind, per_page=size, **params)

        assert list(itertools.chain(*pages)) == whole
        assert [len(page) for page in pages[:-1]] == [size] * (len(pages) - 1)


@every_kind
@pytest.mark.usefixtures("seven")
@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("order", ORDERS)
async def test_while_entities_are_added_nothing_is_repeated_or_skipped(
    gateway: Gateway, kind: EntityKind, sort: str, order: str
) -> None:
    params = {"sort": named(kind, sort), "order": order, "per_page": 2}
    before = {item["id"] for item in (await gateway.get(kind)).json()["data"]}
    seen: list[str] = []

    added = itertools.count(100)
    async for page in walk(gateway, kind, **params):
        seen += [item["id"] for item in page.json()["data"]]
        for title, year in (("Aardvark", 1900), ("Same", 1999), ("Zulu", 2030), ("Undated", None)):
            if (number := next(added)) < 112:
                stored = await gateway.store(facts(kind, title, year, tmdb_id=number))
                await gateway.announce(stored)

    assert len(seen) == len(set(seen))
    assert before <= set(seen)


@every_kind
@pytest.mark.usefixtures("seven")
async def test_a_walk_tells_where_it_is(gateway: Gateway, kind: EntityKind) -> None:
    told = [page.json()["pagination"] async for page in walk(gateway, kind, per_page=3)]

    assert [page["current_page"] for page in told] == [1, 2, 3]
    assert [page["has_next_page"] for page in told] == [True, True, False]
    assert [page["has_previous_page"] for page in told] == [False, True, True]
    assert {(page["total"], page["total_pages"]) for page in told} == {(7, 3)}


@every_kind
@pytest.mark.usefixtures("seven")
async def test_filters_hold_behind_a_cursor(gateway: Gateway, kind: EntityKind) -> None:
    year = "birth_year" if kind is EntityKind.PERSON else "year"

    dated = await ids(gateway, kind, per_page=1, **{f"{year}_from": 1980, f"{year}_to": 2000})
    worded = await ids(gateway, kind, per_page=2, q="same")

    assert [len(page) for page in dated] == [1, 1, 1, 1]
    assert [len(page) for page in worded] == [2, 2]


@every_kind
@pytest.mark.usefixtures("seven")
async def test_a_numbered_page_leads_on_by_cursor(gateway: Gateway, kind: EntityKind) -> None:
    second = (await gateway.get(kind, params={"per_page": 2, "page": 2})).json()
    third = (await gateway.get(kind, params={"per_page": 2, "page": 3})).json()

    cursor = second["pagination"]["next_cursor"]
    walked = (await gateway.get(kind, params={"per_page": 2, "cursor": cursor})).json()

    assert walked["data"] == third["data"]
    assert walked["pagination"] == third["pagination"]


@pytest.mark.parametrize("kind", [MOVIE])
@pytest.mark.usefixtures("seven")
async def test_a_cursor_is_safe_in_an_address(gateway: Gateway, kind: EntityKind) -> None:
    async for page in walk(gateway, kind, sort="title", per_page=1):
        cursor = page.json()["pagination"]["next_cursor"] or ""
        assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@every_kind
@pytest.mark.usefixtures("seven")
async def test_a_cursor_of_another_order_is_422(gateway: Gateway, kind: EntityKind) -> None:
    cursor = (await gateway.get(kind, params={"per_page": 1})).json()["pagination"]["next_cursor"]
    other = EntityKind.MOVIE if kind is EntityKind.PERSON else EntityKind.PERSON

    answers = [
        await gateway.get(kind, params={"cursor": cursor, "order": "asc"}),
        await gateway.get(kind, params={"cursor": cursor, "sort": named(kind, "title"), "order": "desc"}),
        await gateway.get(kind, params={"cursor": cursor, "sort": "updated_at"}),
        await gateway.get(other, params={"cursor": cursor}),
    ]

    assert [answer.status_code for answer in answers] == [422] * 4
    assert [list(answer.json()["errors"]) for answer in answers] == [["cursor"]] * 4


@pytest.mark.parametrize("kind", [MOVIE])
@pytest.mark.usefixtures("seven")
async def test_page_and_cursor_exclude_each_other(gateway: Gateway, kind: EntityKind) -> None:
    cursor = (await gateway.get(kind, params={"per_page": 1})).json()["pagination"]["next_cursor"]

    answer = await gateway.get(kind, params={"cursor": cursor, "page": 1})

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == ["cursor"]


def forged(*members: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(list(members))).rstrip(b"=").decode()


ID = "019aa0c0-0000-7000-8000-000000000000"
ORDER = "movies.created_at.desc"


@pytest.mark.parametrize(
    "cursor",
    [
        "garbage",
        "%00",
        "ż",
        "=",
        "A" * 2000,
        forged(),
        forged(ORDER, 2, 1, ID, 1),
        forged(ORDER, 2, 1, ID.upper()),
        forged(ORDER, 2, 1, "nobody"),
        forged(ORDER, 2, 1, 7),
        forged(ORDER, 2, -1, ID),
        forged(ORDER, 2, 10**18, ID),
        forged(ORDER, 2, True, ID),
        forged(ORDER, 2, 1.5, ID),
        forged(ORDER, 2, None, ID),
        forged(ORDER, 2, "2026-01-01", ID),
        forged(ORDER, 0, 1, ID),
        forged(ORDER, True, 1, ID),
        forged(ORDER, 2.0, 1, ID),
        forged(ORDER, 10**10, 1, ID),
        forged(ORDER, "2", 1, ID),
        forged(ORDER, 2, 1, ID) + "=",
        forged(ORDER, 2, 1, ID) + "!",
    ],
)
async def test_what_is_no_cursor_is_422(gateway: Gateway, cursor: str) -> None:
    answer = await gateway.get(MOVIE, params={"cursor": cursor})

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == ["cursor"]


@pytest.mark.parametrize(
    ("sort", "value"),
    [
        ("title", "a'b"),
        ("title", 7),
        ("title", None),
        ("release_year", True),
        ("release_year", "1999"),
        ("release_year", 10**6),
    ],
)
async def test_a_cursor_with_a_value_that_cannot_be_sorted_is_422(gateway: Gateway, sort: str, value: Any) -> None:
    name = {"release_year": "year"}.get(sort, sort)
    cursor = forged(f"movies.{name}.desc", 2, value, ID)

    answer = await gateway.get(MOVIE, params={"cursor": cursor, "sort": sort, "order": "desc"})

    assert answer.status_code == 422


async def test_an_empty_cursor_counts_as_absent(gateway: Gateway) -> None:
    answer = await gateway.get(MOVIE, params={"cursor": "", "page": 1})

    assert answer.status_code == 200
