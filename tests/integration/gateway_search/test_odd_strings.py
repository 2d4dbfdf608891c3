"""PostgreSQL reads every question that can be asked, and finds every text by itself."""

from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared import search

FOUND = "SELECT array_to_tsvector(array_remove(string_to_array(%s, ' '), '')) @@ CAST(%s AS tsquery)"


@pytest.fixture(scope="module")
def connection(module_database_url: str) -> Iterator["psycopg.Connection[tuple[bool]]"]:
    with psycopg.connect(module_database_url, autocommit=True) as connection:
        yield connection


@given(st.text(st.characters(exclude_categories=()), max_size=80))
@settings(max_examples=400)
@example("' | 'x")
@example("a:*b & !c <-> (d")
@example("\\'\\\\")
@example("\x00")
@example("\ud800")
@example("½ ¼ʻokina ﷺ 🎬 é̂")
@example("x" * 3000)
@example("-- /* ; $$ %s :name {0}")
def test_every_text_is_found_by_itself(connection: "psycopg.Connection[tuple[bool]]", text: str) -> None:
    query = search.tsquery(text, [search.genre_tag("war's \\ genre")])
    plain = search.tsquery(text)

    assert connection.execute(FOUND, ("", query)).fetchone() == (False,)
    if plain is not None:
        assert connection.execute(FOUND, (search.document(text), plain)).fetchone() == (True,)
    else:
        assert not text.strip()


@given(st.lists(st.text("ab é'&", min_size=1, max_size=8), min_size=1, max_size=3), st.text("ab é'&", max_size=12))
@settings(max_examples=200)
def test_what_is_corrected_is_read_too(
    connection: "psycopg.Connection[tuple[bool]]", known: list[str], text: str
) -> None:
    meant = {word: search.corrections(word, known) for word in search.words(text)}

    query = search.tsquery(text, meant=meant)

    assert query is None or connection.execute(FOUND, ("a", query)).fetchone() is not None
