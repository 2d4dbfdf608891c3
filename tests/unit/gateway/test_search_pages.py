"""Pages over both sources: everything once, in one order, however it is cut."""

from collections.abc import Mapping
from typing import Any

import pytest
from tests.unit.gateway.searching import Searching, offered, titles

from gateway.http.search_queries import position_of

STORED = [("Heat B", 1995), ("Heat D", 2001), ("Heat F", None), ("Heat H", 2001), ("Heat J", 1980)]
KNOWN = [("Heat I", 2001), ("Heat A", None), ("Heat C", 1970), ("Heat E", 2020), ("Heat G", 1995), ("Heat K", 2030)]
ORDERS: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "best": ({}, "BDFHJ IACEGK"),
    "best-first-whatever-the-order": ({"descending": True}, "BDFHJ IACEGK"),
    "title-asc": ({"sort": "title"}, "ABCDEFGHIJK"),
    "title-desc": ({"sort": "title", "descending": True}, "KJIHGFEDCBA"),
    "year-asc": ({"sort": "year"}, "CJ BG DHI EK FA"),
    "year-desc": ({"sort": "year", "descending": True}, "KE HDI BG JC FA"),
    "created-asc": ({"sort": "created_at"}, "BDFHJ IACEGK"),
    "created-desc": ({"sort": "created_at", "descending": True}, "JHFDB IACEGK"),
    "local-by-year": ({"sort": "year", "source": "local"}, "JBDHF"),
    "external-by-year": ({"sort": "year", "source": "external"}, "CGIEKA"),
    "limited": ({"sort": "title", "local_limit": 2, "external_limit": 3}, "ABCDI"),
}
every_order = pytest.mark.parametrize(("asked", "expected"), ORDERS.values(), ids=ORDERS)
every_size = pytest.mark.parametrize("per_page", [1, 2, 3, 4, 7, 20])


@pytest.fixture
def world() -> Searching:
    world = Searching(*(offered(title, year) for title, year in KNOWN))
    for title, year in STORED:
        world.store(title, year)
    return world


def letters(*documents: Any) -> str:
    return "".join(title[-1] for document in documents for title in titles(document))


@every_order
@every_size
async def test_numbered_pages_hold_everything_once(
    world: Searching, asked: Mapping[str, Any], expected: str, per_page: int
) -> None:
    wanted = expected.replace(" ", "")
    count = -(-len(wanted) // per_page)

    pages = [await world.ask("heat", start=page, per_page=per_page, **asked) for page in range(1, count + 2)]

    assert letters(*pages) == wanted
    assert {page["pagination"]["total"] for page in pages} == {page["total"] for page in pages} == {len(wanted)}
    assert [page["pagination"]["has_next_page"] for page in pages] == [True] * (count - 1) + [False] * 2
    assert pages[-1]["results"] == []


@every_order
@every_size
@pytest.mark.parametrize("first", [1, 2, 3])
async def test_cursors_go_on_where_a_page_ended(
    world: Searching, asked: Mapping[str, Any], expected: str, per_page: int, first: int
) -> None:
    page = await world.ask("heat", start=first, per_page=per_page, **asked)
    pages = [page]

    while cursor := pages[-1]["pagination"]["next_cursor"]:
        pages.append(await world.ask("heat", start=position_of(cursor), per_page=per_page, **asked))

    assert letters(*pages) == expected.replace(" ", "")[(first - 1) * per_page :]
    assert [page["pagination"]["page"] for page in pages] == list(range(first, first + len(pages)))


@every_order
async def test_without_page_and_cursor_there_is_no_word_of_paging(
    world: Searching, asked: Mapping[str, Any], expected: str
) -> None:
    found = await world.ask("heat", per_page=4, **asked)

    assert letters(found) == expected.replace(" ", "")[:4]
    assert "pagination" not in found


@every_order
async def test_stored_hits_are_neither_repeated_nor_skipped_while_others_are_stored(
    world: Searching, asked: Mapping[str, Any], expected: str
) -> None:
    page = await world.ask("heat", start=1, per_page=2, **asked)
    seen = letters(page)

    for title, year in (("Heat A", None), ("Heat I", 2001), ("Heat new 0", 1900), ("Heat new 9", 2100)):
        world.store(title, year)
        cursor = page["pagination"]["next_cursor"]
        if cursor is None:
            break
        page = await world.ask("heat", start=position_of(cursor), per_page=2, **asked)
        seen += letters(page)
    while cursor := page["pagination"]["next_cursor"]:
        page = await world.ask("heat", start=position_of(cursor), per_page=2, **asked)
        seen += letters(page)

    before = [letter for letter in seen if letter in {title[-1] for title, _ in STORED}]
    assert before == [letter for letter in expected if letter in {title[-1] for title, _ in STORED}]


async def test_a_page_of_the_catalogues_hits_leads_on_among_them(world: Searching) -> None:
    page = await world.ask("heat", start=3, per_page=3)
    world.store("Heat new", 2000)

    following = await world.ask("heat", start=position_of(page["pagination"]["next_cursor"]), per_page=3)

    assert letters(page) == "ACE"
    assert letters(following) == "wGK"
