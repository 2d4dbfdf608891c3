from datetime import UTC, datetime

import pytest
from tests.integration.gateway_admin.desk import PATH, Desk

AUDIT = "/api/v1/admin/audit"


def on(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


@pytest.fixture
async def noted(desk: Desk) -> Desk:
    """Three entries, the last one a millisecond before midnight of the 19th."""
    await desk.note(at=on(17), actor="token", action="dead-letter.replay", target="a", before={"status": "open"})
    await desk.note(at=on(18, 0), actor="somebody", action="dead-letter.purge", target="b")
    late = on(19, 23).replace(minute=59, second=59, microsecond=999_000)
    await desk.note(at=late, actor="token", action="dead-letter.purge", target="a", after={"status": "purged"})
    return desk


async def targets(desk: Desk, query: str) -> list[str]:
    response = await desk.call("GET", f"{AUDIT}?{query}")
    assert response.status_code == 200, response.text
    return [f"{entry['action'].partition('.')[2]} {entry['target']}" for entry in response.json()["data"]]


async def test_entries_are_listed_newest_first(noted: Desk) -> None:
    body = (await noted.call("GET", AUDIT)).json()

    assert body["data"][0].pop("id")
    assert body["data"][0] == {
        "at": "2026-11-19T23:59:59.999Z",
        "actor": "token",
        "action": "dead-letter.purge",
        "target": "a",
        "before": None,
        "after": {"status": "purged"},
    }
    assert [entry["target"] for entry in body["data"]] == ["a", "b", "a"]
    assert (body["pagination"]["total"], body["pagination"]["per_page"]) == (3, 50)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("actor=somebody", ["purge b"]),
        ("action=dead-letter.purge&target=a", ["purge a"]),
        ("start_date=2026-11-18", ["purge a", "purge b"]),
        ("end_date=2026-11-17", ["replay a"]),
        ("start_date=2026-11-19&end_date=2026-11-19", ["purge a"]),
        ("page=2&per_page=2", ["replay a"]),
        ("actor=nobody", []),
    ],
)
async def test_filters_combine_and_days_are_whole(noted: Desk, query: str, found: list[str]) -> None:
    assert await targets(noted, query) == found


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("start_date=2026-11-20&end_date=2026-11-19", "end_date"),
        ("start_date=20261120", "start_date"),
        ("end_date=2026-02-30", "end_date"),
        ("per_page=0", "per_page"),
        ("actor=%00", "actor"),
    ],
)
async def test_a_wrong_filter_is_named(desk: Desk, query: str, name: str) -> None:
    response = await desk.call("GET", f"{AUDIT}?{query}")

    assert (response.status_code, list(response.json()["errors"])) == (422, [name])


async def test_the_last_day_there_is_has_no_day_after_it(desk: Desk) -> None:
    assert (await desk.call("GET", f"{AUDIT}?end_date=9999-12-31")).status_code == 200


async def test_reading_leaves_no_entry(desk: Desk) -> None:
    letter = await desk.parked()
    await desk.call("GET", f"{PATH}/{letter}")

    assert await desk.audit() == []
