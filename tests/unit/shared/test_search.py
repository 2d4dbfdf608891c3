"""Words as they are stored and asked for, questions as PostgreSQL reads them, and typing mistakes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import search
from shared.entities import EntityKind, Locale, Role, ShowType

WORDS = st.text("abcxyz019", min_size=1, max_size=12)
TEXTS = st.text(max_size=60)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The Matrix", "the matrix"),
        ("Amélie", "amelie"),
        ("WALL·E", "wall e walle"),
        ("Ocean's Eleven", "ocean s oceans eleven"),
        ("Tom & Jerry", "tom jerry and"),
        ("$", "u24"),
        ("  ", ""),
        ("", ""),
        ("War war WAR", "war"),
    ],
)
def test_a_document_holds_each_word_once(text: str, words: str) -> None:
    assert search.document(text) == words


def test_a_document_is_of_all_texts_there_are() -> None:
    assert search.document("Spirited Away", None, "Spirited") == "spirited away"


@given(TEXTS)
def test_stored_words_are_plain_and_bounded(text: str) -> None:
    words = search.document(text).split(" ") if search.document(text) else []

    assert all(re.fullmatch(f"[a-z0-9]{{1,{search.LONGEST_WORD}}}", word) for word in words)
    assert len(words) == len(set(words))


def test_no_beginning_of_a_word_finds_a_tag() -> None:
    tags = search.tags(EntityKind.TV_SERIES, ("Sci-Fi", "Drama", "Drama"))

    assert tags == [
        "=kind=tv_series",
        "=genre=sci-fi",
        "=genre=drama",
        *(f"=about={w}" for w in ("sci", "fi", "scifi", "drama")),
    ]
    assert [search.year_tag(1999), search.role_tag(Role.ACTOR)] == ["=year=1999", "=role=ACTOR"]
    assert [search.show_type_tag(ShowType.NEWS), search.locale_tag(Locale.PL)] == ["=show_type=NEWS", "=locale=pl-PL"]


@pytest.mark.parametrize(
    ("question", "query"),
    [
        ("the matrix", "('the':*) & ('matrix':*)"),
        ("a b", "('a') & ('b')"),
        ("spider-man", "(('spider':*) & ('man':*) | ('spiderman':*))"),
        ("$", "(('u24':*))"),
        ("O'Hara & sons", "(('o') & ('hara':*) | ('ohara':*)) & ('sons':*)"),
    ],
)
def test_a_question_asks_for_beginnings_of_words(question: str, query: str) -> None:
    assert parentheses_apart(search.tsquery(question)) == parentheses_apart(query)


def parentheses_apart(query: str | None) -> str:
    return (query or "").replace("(", "").replace(")", "")


def test_tags_and_groups_of_tags_must_be_found_too() -> None:
    query = search.tsquery("war", ["kind=movie"], {"war": ["wart"]}, [["role=ACTOR", "role=HOST"], []])

    assert query == "'kind=movie' & ('role=ACTOR' | 'role=HOST') & (('war':* | 'wart'))"


@pytest.mark.parametrize("question", [None, "", "  ", "\t\n"])
def test_no_question_asks_for_nothing(question: str | None) -> None:
    assert search.tsquery(question) is None


def test_a_question_of_too_many_words_is_cut() -> None:
    query = search.tsquery(" ".join(f"word{n}" for n in range(100))) or ""

    assert query.count(":*") == search.MAX_WORDS


@given(WORDS, st.integers(0, 11), st.sampled_from("abcxyz019"), st.integers(0, 3))
def test_one_mistake_is_recognised_and_shares_a_variant(word: str, place: int, letter: str, mistake: int) -> None:
    before, after = word[: place % len(word)], word[place % len(word) :]
    mistyped = (
        before + letter + after,
        before + after[1:],
        before + letter + after[1:],
        before + after[1::-1] + after[2:],
    )[mistake]

    assert search.one_mistake(word, mistyped) == search.one_mistake(mistyped, word) == (word != mistyped)
    assert search.variants(word) & search.variants(mistyped)


@given(WORDS, WORDS)
def test_one_mistake_is_a_distance_of_one(one: str, other: str) -> None:
    assert search.one_mistake(one, other) == (distance(one, other) == 1)


def distance(one: str, other: str) -> int:
    """Damerau-Levenshtein as in the textbook: optimal string alignment by dynamic programming."""
    rows = [[max(i, j) if 0 in {i, j} else 0 for j in range(len(other) + 1)] for i in range(len(one) + 1)]
    for i, a in enumerate(one, 1):
        for j, b in enumerate(other, 1):
            rows[i][j] = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and b == one[i - 2]:
                rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
    return rows[-1][-1]


def test_likelier_corrections_come_first() -> None:
    known = ["matrixx", "matrix", "natrix", "maltrix", "matirx", "far", "matri'"]

    assert search.corrections("matirx", known) == ["matrix"]
    assert search.corrections("marix", ["matrix", "maria", "darix", "marx"]) == ["matrix", "maria", "marx", "darix"]


def test_corrections_are_few() -> None:
    assert len(search.corrections("test", [f"test{letter}" for letter in "abcdefghijkl"])) == search.MAX_CORRECTIONS


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("the matrx of war", ["matrx"]),
        ("spider-man", ["spider", "spiderman"]),
        ("war war", []),
        ("zoos zoos", ["zoos"]),
    ],
)
def test_only_longer_words_may_be_mistyped(question: str, words: list[str]) -> None:
    assert search.words(question) == words
