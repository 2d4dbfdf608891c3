import itertools
import re
from dataclasses import replace

import py3langid as langid
import pytest
from rapidfuzz.fuzz import token_sort_ratio

from sandbox.texts.language import language
from sandbox.texts.order import LOCALES, STYLES, Facts, Order, Work, read_order
from sandbox.texts.writer import write

FILMS = [
    Facts("The Matrix", "The Matrix", 1999, "An overview.", ("Action", "Science Fiction"), ("Lana Wachowski",)),
    Facts("Amélie", "Le Fabuleux Destin d'Amélie Poulain", 2001, None, ("Comedy", "Romance"), ("Jean-Pierre Jeunet",)),
    Facts(
        "七人の侍", "七人の侍", 1954, None, ("Drama",), ("Akira Kurosawa",), cast=("Toshirō Mifune",), runtime_min=207
    ),
    Facts("It", None, 2017, None, (), (), cast=("Bill Skarsgård", "Jaeden Martell", "Finn Wolfhard")),
    Facts("Unknown"),
]
SERIES = [
    Facts("Breaking Bad", year=2008, genres=("Drama", "Crime"), creators=("Vince Gilligan",), seasons=5, episodes=62),
    Facts("Dark", year=2017, genres=("Sci-Fi & Fantasy",), cast=("Louis Hofmann",), networks=("Netflix",), seasons=1),
]
SHOWS = [
    Facts("The Daily Show", year=1996, genres=("Talk", "Comedy"), cast=("Jon Stewart",), seasons=29, episodes=4000),
    Facts("MythBusters", year=2003, show_type="Documentary", seasons=2, episodes=1, networks=("Discovery",)),
]
PEOPLE = [
    Facts(
        "Keanu Reeves",
        birth_date="1964-09-02",
        birthplace="Beirut, Lebanon",
        known_for=(Work("The Matrix", 1999), Work("John Wick", None)),
    ),
    Facts("Agnieszka Holland", birth_date="1948-11-28", death_date="2030-01-01"),
    Facts("Someone Else"),
]
CASES = [
    *(("MOVIE", "description", facts) for facts in FILMS),
    *(("TV_SERIES", "description", facts) for facts in SERIES),
    *(("TV_SHOW", "description", facts) for facts in SHOWS),
    *(("PERSON", "bio", facts) for facts in PEOPLE),
]


@pytest.fixture(scope="module", autouse=True)
def five_languages() -> None:
    langid.set_languages([locale[:2] for locale in LOCALES])


def order(entity_type: str, form: str, locale: str, tag: str, seed: str = "seed") -> Order:
    return Order(entity_type, form, locale, tag, None, (), seed)


@pytest.mark.parametrize(("locale", "tag"), list(itertools.product(LOCALES, STYLES)))
def test_a_long_text_has_the_right_language_length_and_facts(locale: str, tag: str) -> None:
    for entity_type, form, facts in CASES:
        for seed in ("a", "b", "c"):
            text = write(order(entity_type, form, locale, tag, seed), facts)

            assert langid.classify(text)[0] == locale[:2], text
            assert 80 <= len(text.split()) <= 150, (len(text.split()), text)
            assert facts.title in text
            assert all(name in text for name in facts.directors)
            assert facts.year is None or str(facts.year) in text
            assert not re.search(r"[{}|]|\bNone\b", text)


@pytest.mark.parametrize("locale", LOCALES)
def test_two_styles_share_hardly_any_sentence(locale: str) -> None:
    texts = {tag: write(order("MOVIE", "description", locale, tag), FILMS[0]) for tag in STYLES}
    sentences = {tag: set(re.split(r"(?<=[.!?]) ", text)) for tag, text in texts.items()}

    for one, other in itertools.combinations(STYLES, 2):
        assert len(sentences[one] & sentences[other]) <= 1


@pytest.mark.parametrize(("locale", "tag"), list(itertools.product(LOCALES, STYLES)))
def test_texts_written_over_and_over_stay_far_from_those_to_avoid(locale: str, tag: str) -> None:
    for entity_type, form, facts in (CASES[0], CASES[5], CASES[9]):
        texts: list[str] = []
        for number in range(4):
            wanted = replace(order(entity_type, form, locale, tag, str(number)), avoid=tuple(texts[-3:]))
            texts.append(write(wanted, facts))

        likeness = [token_sort_ratio(*pair) for pair in itertools.combinations(texts, 2)]
        assert max(likeness) < 78, (max(likeness), texts)


@pytest.mark.parametrize("locale", LOCALES)
def test_every_language_has_every_slot_of_english(locale: str) -> None:
    english = language("en-US").sections

    mine = language(locale).sections

    assert {name: set(lines) for name, lines in mine.items()} == {name: set(lines) for name, lines in english.items()}


def test_the_overview_is_never_quoted() -> None:
    facts = replace(FILMS[0], overview="A hacker wakes up in a world that is not what it seems.")

    for locale, tag in itertools.product(LOCALES, STYLES):
        assert "hacker wakes up" not in write(order("MOVIE", "description", locale, tag), facts)


def test_a_number_that_reads_like_a_year_is_left_out() -> None:
    text = write(order("TV_SHOW", "description", "en-US", "DEFAULT"), SHOWS[0])

    assert re.findall(r"\d{4}", text) == ["1996"]


@pytest.mark.parametrize(
    ("seasons", "words"), [(1, "1 sezon"), (3, "3 sezony"), (5, "5 sezonów"), (12, "12 sezonów"), (22, "22 sezony")]
)
def test_polish_counts_follow_the_number(seasons: int, words: str) -> None:
    text = write(order("TV_SERIES", "description", "pl-PL", "DEFAULT"), Facts("Dom", year=1980, seasons=seasons))

    assert words in text


def test_spanish_uses_e_before_the_sound_i() -> None:
    assert language("es-ES").join(["Ana", "Inés"]) == "Ana e Inés"
    assert language("es-ES").join(["Ana", "Pedro"]) == "Ana y Pedro"


@pytest.mark.parametrize(
    "message", ["", "<request>", "<request>{</request>", "<request>[]</request>", "text <request>{}</request>"]
)
def test_an_unreadable_request_line_is_no_order(message: str) -> None:
    assert read_order([message]) is None


def test_unknown_values_in_a_request_fall_back_to_the_defaults() -> None:
    line = '<request>{"entity_type": 5, "form": "poem", "locale": "xx", "facts": {"title": "A", "year": "x"}}</request>'

    found = read_order(["system", line])

    assert found is not None
    assert (found.entity_type, found.form, found.locale, found.tag) == ("MOVIE", "description", "en-US", "DEFAULT")
    assert found.facts == Facts("A")
