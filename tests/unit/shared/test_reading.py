"""Reading JSON whose form nobody guarantees, and saying where it changed."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from shared import reading
from shared.reading import Json

DOCUMENT: Json = {
    "title": 7,
    "year": "1999",
    "average": "8.2",
    "official": "yes",
    "released": "31.03.1999",
    "aired": "1999-03-31T21:00:00",
    "videos": {"results": [{"key": 1}, "none", {"key": 2}]},
    "sizes": ["w92", 500],
    "ids": "1,2",
    "credits": [],
    "missing": None,
}


def read(document: Json) -> list[Any]:
    return [
        reading.text(document, "title", "missing", "absent"),
        reading.integer(document, "year"),
        reading.real(document, "average"),
        reading.boolean(document, "official"),
        reading.day(document, "released"),
        reading.moment(document, "aired"),
        [reading.text(item, "key") for item in reading.items(reading.member(document, "videos"), "results")],
        reading.texts(document, "sizes"),
        reading.numbers(document, "ids"),
        reading.items(reading.member(document, "credits"), "cast"),
    ]


def test_what_has_another_form_is_empty() -> None:
    assert read(DOCUMENT) == [None, None, 0.0, None, None, None, [None, None], ["w92"], [], []]


def test_each_member_of_another_form_is_named_once_by_its_path() -> None:
    with reading.noted(DOCUMENT) as drift:
        read(DOCUMENT)

    assert drift.paths == (
        "title",
        "year",
        "average",
        "official",
        "released",
        "aired",
        "videos.results[]",
        "videos.results[].key",
        "sizes[]",
        "ids",
        "credits",
    )


def test_what_is_absent_null_or_blank_is_no_drift() -> None:
    document: Json = {"title": None, "released": "", "videos": None, "ids": []}

    with reading.noted(document) as drift:
        assert reading.text(document, "title") is None
        assert reading.day(document, "released") is None
        assert reading.items(reading.member(document, "videos"), "results") == []
        assert reading.numbers(document, "ids") == []

    assert drift.paths == ()


def test_of_a_document_that_is_an_array_the_objects_are_read() -> None:
    array: list[object] = [{"show": {"title": 1}}, 2]

    with reading.noted(array) as drift:
        assert [reading.text(reading.member(item, "show"), "title") for item in reading.objects(array)] == [None]

    assert drift.paths == ("[]", "[].show.title")


def test_outside_nothing_is_noted() -> None:
    with reading.noted(DOCUMENT) as drift:
        pass
    read(DOCUMENT)

    assert drift.paths == ()


def test_a_document_that_is_wrong_all_over_is_named_in_part() -> None:
    document: Json = {f"name{place}": 1 for place in range(200)}

    with reading.noted(document) as drift:
        for name in document:
            reading.text(document, name)

    assert len(drift.paths) == 50


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-20T21:00:00.000Z", datetime(2026, 11, 20, 21, tzinfo=UTC)),
        ("2026-11-20T21:00:00-05:00", datetime(2026, 11, 21, 2, tzinfo=UTC)),
        ("2026-11-20", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("tomorrow", None),
    ],
)
def test_a_moment_has_an_offset_and_is_told_in_utc(written: str, meant: datetime | None) -> None:
    assert reading.moment({"at": written}, "at") == meant


def test_a_day_is_a_day() -> None:
    assert reading.day({"at": "2026-11-20"}, "at") == date(2026, 11, 20)


@pytest.mark.parametrize("value", [True, float("inf"), float("nan"), 1.5, "3"])
def test_only_a_whole_number_is_an_integer(value: object) -> None:
    assert reading.integer({"count": value}, "count") is None
