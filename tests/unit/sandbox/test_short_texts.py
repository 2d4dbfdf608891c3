import itertools
import re
from dataclasses import replace

import py3langid as langid
import pytest

from sandbox.texts.language import language
from sandbox.texts.order import LOCALES, Facts, Order, Work, read_order
from sandbox.texts.short import mentioned, write_short

CASES = [
    (
        "MOVIE",
        Facts("The Matrix", year=1999, genres=("Action", "Science Fiction"), directors=("Lana Wachowski", "Lilly Wachowski"),
              cast=("Keanu Reeves",), runtime_min=136),
    ),
    ("MOVIE", Facts("It", None, 2017, cast=("Bill Skarsgård", "Jaeden Martell", "Finn Wolfhard"))),
    ("MOVIE", Facts("Unknown")),
    ("TV_SERIES", Facts("Breaking Bad", year=2008, genres=("Drama",), creators=("Vince Gilligan",), seasons=5, episodes=62)),
    ("TV_SHOW", Facts("The Daily Show", year=1996, genres=("Talk",), cast=("Jon Stewart", "Trevor Noah"), seasons=29)),
    (
        "PERSON",
        Facts("Keanu Reeves", birth_date="1964-09-02", known_for=(Work("The Matrix", 1999), Work("John Wick", None))),
    ),
    ("PERSON", Facts("Someone Else")),
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def five_languages() -> None:
    langid.set_languages([locale[:2] for locale in LOCALES])


def order(entity_type: str, form: str, locale: str = "en-US", seed: str = "seed", source: str | None = None) -> Order:
    return Order(entity_type, form, locale, "DEFAULT", None, (), seed, source)


@pytest.mark.parametrize(("locale", "form"), list(itertools.product(LOCALES, ("summary", "tagline"))))
def test_a_short_text_has_the_right_language_and_length(locale: str, form: str) -> None:
    longest = {"summary": 280, "tagline": 100}[form]
    for (entity_type, facts), seed in itertools.product(CASES, "abcdefgh"):
        text = write_short(order(entity_type, form, locale, seed), facts)

        assert langid.classify(text)[0] == locale[:2], text
        assert 50 <= len(text) <= longest, text
        assert "\n" not in text


@pytest.mark.parametrize("form", ["summary", "tagline"])
@pytest.mark.parametrize("locale", LOCALES)
def test_long_names_do_not_break_the_limits(locale: str, form: str) -> None:
    facts = Facts("Long " * 39, year=1964, directors=("Anna " * 30, "Jan " * 30))

    for entity_type in ("MOVIE", "PERSON"):
        assert 0 < len(write_short(order(entity_type, form, locale), facts)) <= {"summary": 280, "tagline": 100}[form]


@pytest.mark.parametrize("locale", LOCALES)
def test_a_summary_survives_translation_with_its_names_and_numbers(locale: str) -> None:
    for (entity_type, facts), seed in itertools.product(CASES, "abcdefgh"):
        source = write_short(order(entity_type, "summary", seed=seed), facts)

        text = write_short(order(entity_type, "summary", locale, seed, source), mentioned(facts, source))

        names = (facts.title, *facts.directors, *facts.creators, *facts.cast, *(work.title for work in facts.known_for))
        assert [name for name in names if name in source] == [name for name in names if name in text], (source, text)
        assert sorted(re.findall(r"\d+", text)) == sorted(re.findall(r"\d+", source)), (source, text)
        assert langid.classify(text)[0] == locale[:2], text


@pytest.mark.parametrize("locale", LOCALES)
def test_a_tagline_is_translated_into_the_sentence_that_says_the_same(locale: str) -> None:
    for slot, entity_type in (("tagline", "MOVIE"), ("person.tagline", "PERSON")):
        sentences = zip(
            language("en-US").sections["neutral"][slot], language(locale).sections["neutral"][slot], strict=True
        )
        for english, mine in sentences:
            source = english.replace("{title}", "Amy Adams")

            text = write_short(order(entity_type, "tagline", locale, source=source), Facts("Amy Adams"))

            assert text == mine.replace("{title}", "Amy Adams")


def test_a_translation_tells_what_a_foreign_source_tells_and_no_more() -> None:
    source = "Keanu Reeves stars in The Matrix, 136 minutes of action."

    facts = mentioned(replace(CASES[0][1], local_title="Matrix"), source)

    text = write_short(order("MOVIE", "summary", "pl-PL", source=source), facts)

    assert "„Matrix”" in text
    assert "Keanu Reeves" in text
    assert "136" in text
    assert "1999" not in text
    assert "Wachowski" not in text


def test_a_source_is_read_for_translations_only() -> None:
    line = '<request>{"task": "%s", "form": "summary", "facts": {"title": "A"}, "source": {"text": "Words."}}</request>'

    translated, written = read_order([line % "translate"]), read_order([line % "write"])

    assert translated is not None
    assert translated.source == "Words."
    assert written is not None
    assert written.source is None
