import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import ids
from shared.idempotency import fingerprint, parse_key


def test_rows_sort_by_time_and_jobs_do_not_tell_it() -> None:
    rows = [ids.row_id() for _ in range(100)]

    assert {row.version for row in rows} == {7}
    assert rows == sorted(rows)
    assert ids.job_id().version == 4


@given(st.lists(st.text(max_size=5), min_size=1, max_size=3), st.lists(st.text(max_size=5), min_size=1, max_size=3))
def test_only_equal_parts_give_equal_ids(first: list[str], second: list[str]) -> None:
    def clean(parts: list[str]) -> list[str]:
        return [part.replace("\x1f", " ") for part in parts]

    assert (ids.derived_id(*first) == ids.derived_id(*second)) == (clean(first) == clean(second))


@pytest.mark.parametrize("header", ["8e03978e-40d5", '"8e03978e-40d5"', "  8e03978e-40d5 "])
def test_a_bare_and_a_quoted_key_are_the_same(header: str) -> None:
    assert parse_key(header) == "8e03978e-40d5"


@pytest.mark.parametrize(
    "header", ["", "short", '"', '""', "x" * 256, "with space", "tab\tinside", "naïve-key-123", '"unclosed-key']
)
def test_a_malformed_key_is_none(header: str) -> None:
    assert parse_key(header) is None


def test_the_order_of_members_is_no_part_of_the_fingerprint() -> None:
    first = fingerprint("POST", "/api/v1/generate", "", {"slug": "a", "locale": "b"})

    assert first == fingerprint("POST", "/api/v1/generate", "", {"locale": "b", "slug": "a"})
    assert first != fingerprint("POST", "/api/v1/generate", "", {"locale": "b", "slug": "c"})
    assert first != fingerprint("POST", "/api/v1/generateX", "", {"locale": "b", "slug": "a"})
