"""Entity tags are compared weakly."""

import pytest

from gateway.http.conditional import matches


@pytest.mark.parametrize(
    "header", ['"m-1"', 'W/"m-1"', '"a", "m-1"', '"a",W/"m-1" , "b"', "*", " * ", '"with, comma", "m-1"']
)
def test_a_list_that_names_the_tag_matches(header: str) -> None:
    assert matches(header, '"m-1"')


@pytest.mark.parametrize("header", ["", '"m-2"', "m-1", '"m-1', 'W/"m-2", "m-"', '"M-1"', "**", '"*"'])
def test_anything_else_does_not(header: str) -> None:
    assert not matches(header, '"m-1"')
