import pytest
from tests.golden.spellings import SPELLINGS

from generator.guard.folding import words
from generator.guard.names import is_titled, mentions, mentions_person, same_person


@pytest.mark.parametrize(("title", "known"), SPELLINGS.titles.same)
def test_spellings_of_one_title_are_one_title(title: str, known: str) -> None:
    assert is_titled(title, [known])


@pytest.mark.parametrize(("title", "known"), SPELLINGS.titles.other)
def test_another_title_is_another_title(title: str, known: str) -> None:
    assert not is_titled(title, [known])


def test_any_title_of_the_facts_will_do() -> None:
    assert is_titled("Siedmiu samurajów", ["Seven Samurai", "七人の侍", "Siedmiu samurajów"])


@pytest.mark.parametrize(("one", "other"), SPELLINGS.people.same)
def test_spellings_of_one_person_are_one_person(one: str, other: str) -> None:
    assert same_person(one, other)
    assert same_person(other, one)


@pytest.mark.parametrize(("one", "other"), SPELLINGS.people.other)
def test_namesakes_and_strangers_are_other_people(one: str, other: str) -> None:
    assert not same_person(one, other)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Nowa wersja „Diuny” robi wrażenie.", "Diuna"),
        ("W „Człowieku z marmuru” wszystko jest ważne.", "Człowiek z marmuru"),
        ("The matrix has you.", "The Matrix"),
        ("In “1917” the camera never rests.", "1917"),
        ("L'« Été meurtrier » fascine.", "L’Été meurtrier"),
        ("Rogue One shows the plans.", "Rogue One: A Star Wars Story"),
    ],
)
def test_a_title_is_mentioned_in_any_of_its_forms(text: str, title: str) -> None:
    assert mentions(words(text), title)


@pytest.mark.parametrize(
    ("text", "title"), [("A film about heating and cold.", "Heat"), ("W 1918 roku było inaczej.", "1917"), ("", "M")]
)
def test_other_words_are_no_mention(text: str, title: str) -> None:
    assert not mentions(words(text), title)


@pytest.mark.parametrize(
    "text", ["Rola Meryl Streep zachwyca.", "Streep plays her part.", "Twórczość Streepowej", "Meryl Streeps Rolle"]
)
def test_a_person_is_mentioned_by_the_last_name(text: str) -> None:
    assert mentions_person(words(text), "Meryl Streep")
