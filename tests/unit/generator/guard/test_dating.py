from datetime import date

import pytest
from tests.unit.generator.samples import KEANU, MATRIX

from generator.guard.dating import number_problems
from shared.entities import EntityKind, Facts, PersonDetails, TvDetails

SERIES = Facts(
    kind=EntityKind.TV_SERIES,
    tmdb_id=1438,
    title="The Wire",
    year=2002,
    details=TvDetails(
        first_air_date=date(2002, 6, 2), last_air_date=date(2008, 3, 9), number_of_seasons=5, number_of_episodes=60
    ),
)
BORN = KEANU.model_copy(update={"details": PersonDetails(birth_date=date(1964, 9, 2))})


def codes(text: str, facts: Facts) -> list[str]:
    return [problem.code for problem in number_problems(text, facts)]


@pytest.mark.parametrize(
    "text",
    [
        "“The Matrix” is a film from 1999.",
        "The film made stunts of the 1990s look old.",
        "Film zmienił kino lat 90. i 1990. roku nie przypomina.",
        "Ein Film, der die 1980er-Jahre hinter sich lässt.",
        "Un film qui tourne le dos aux années 1980.",
        "This film is set in 2199, long after the war.",
        "The film borrows from “Metropolis” (1927) and from “Alphaville” (1965).",
        "The film won four Academy Awards in 2000.",
        "The story begins in 1998, as everybody remembers.",
        "In the opening 45 minutes little is explained.",
        "The movie runs for 136 minutes.",
        "Szacuje się, że obraz obejrzało 2000000 widzów.",
        "Der Film läuft 136 Minuten.",
    ],
)
def test_what_the_facts_do_not_contradict_is_left_alone(text: str) -> None:
    assert codes(text, MATRIX) == []


@pytest.mark.parametrize(
    "text",
    [
        "“The Matrix” is a film from 2003.",
        "Released in 1998, it stunned everybody.",
        "„Matrix” to film z 1998 roku.",
        "Im Jahr 2001 kommt der Film in die Kinos.",
        "Le film, sorti en 2001, surprend encore.",
        "La película se estrenó en 2000.",
        "«The Matrix» (2001) es inolvidable.",
    ],
)
def test_a_film_that_is_dated_by_another_year_is_refused(text: str) -> None:
    assert codes(text, MATRIX) == ["year_in_text"]


@pytest.mark.parametrize(
    "text", ["The movie runs for 150 minutes.", "Film trwa 120 minut.", "La película dura 98 minutos."]
)
def test_a_film_that_runs_for_other_minutes_is_refused(text: str) -> None:
    assert codes(text, MATRIX) == ["count_in_text"]


def test_a_number_in_the_title_is_no_year() -> None:
    odyssey = MATRIX.model_copy(update={"title": "2001: A Space Odyssey", "year": 1968})

    assert codes("2001: A Space Odyssey is a film that was released in 1968.", odyssey) == []
    assert codes("“2001” is a film that was released in 1972.", odyssey) == ["year_in_text"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The series ran for 5 seasons and 60 episodes.", []),
        ("Serial liczy 5 sezonów.", []),
        ("Die Serie umfasst 4 Staffeln.", ["count_in_text"]),
        ("La serie cuenta con 6 temporadas.", ["count_in_text"]),
        ("After 3 seasons the series changed its tone.", []),
        ("The series of 2005 went to the schools.", []),
        ("The series of 2011 went to the schools.", ["year_in_text"]),
    ],
)
def test_a_series_is_counted_as_in_the_facts(text: str, found: list[str]) -> None:
    assert codes(text, SERIES) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Keanu Reeves was born in 1964 in Beirut.", []),
        ("Keanu Reeves was born in 1971 in Beirut.", ["year_in_text"]),
        ("Keanu Reeves urodził się 2 września 1964 roku.", []),
        ("It all begins on January 28, 1971.", ["year_in_text"]),
        ("Die Geschichte beginnt am 28. Januar 1971.", ["year_in_text"]),
        ("In 1991 he made two films.", []),
        ("Nació en 1965.", ["year_in_text"]),
    ],
)
def test_a_person_is_born_when_the_facts_say(text: str, found: list[str]) -> None:
    assert codes(text, BORN) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("“The Matrix” (1999) made Keanu Reeves a star.", []),
        ("“The Matrix” (2001) made Keanu Reeves a star.", ["year_in_text"]),
        ("“An Evening with Keanu Reeves” (2004) is not in the facts.", []),
        ("“John Wick” (2014) is not in the facts either.", []),
    ],
)
def test_the_year_behind_a_title_is_the_year_of_that_title(text: str, found: list[str]) -> None:
    assert codes(text, KEANU) == found


def test_without_a_year_in_the_facts_no_year_is_false() -> None:
    assert codes("“The Matrix” is a film from 2003.", MATRIX.model_copy(update={"year": None})) == []
