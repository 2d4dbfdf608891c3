import pytest
from tests.unit.generator.samples import KEANU, MATRIX

from generator.guard import fidelity

POLISH = MATRIX.model_copy(update={"titles": {"pl-PL": "Matrix"}})
SOURCE = "“The Matrix” is a 1999 film by Lana Wachowski in which Keanu Reeves finds two worlds in 136 minutes."


def codes(source: str, translated: str) -> set[str]:
    return {problem.code for problem in fidelity(source, translated, POLISH)}


@pytest.mark.parametrize(
    "translated",
    [
        "„Matrix” to film Lany Wachowski z 1999 roku, w którym Keanu Reeves w 136 minut odkrywa 2 światy.",
        "„Matrix” – w filmie z 1999 roku bohater Keanu Reevesa w 136 minut odkrywa dwa światy Lany Wachowski.",
        "«Matrix» es una película de 1999 de Lana Wachowski en la que Keanu Reeves descubre dos mundos en 136 minutos.",
    ],
)
def test_a_faithful_translation_may_inflect_names_and_spell_small_numbers(translated: str) -> None:
    assert codes(SOURCE, translated) == set()


@pytest.mark.parametrize(
    ("translated", "code"),
    [
        (
            "„Matrix” to film Lany Wachowski z 1998 roku, w którym Keanu Reeves w 136 minut odkrywa dwa światy.",
            "lost_number",
        ),
        (
            "„Matrix” to film Lany Wachowski z 1999 roku, w którym Keanu Reeves odkrywa dwa światy przez cały film.",
            "lost_number",
        ),
        (
            "„Matrix” to film Lany Wachowski z 1999 roku, w którym Tom Cruise w 136 minut odkrywa dwa światy.",
            "lost_name",
        ),
        ("To film Lany Wachowski z 1999 roku, w którym Keanu Reeves w 136 minut odkrywa dwa światy.", "lost_name"),
        (
            "„Matrix” to film Lany Wachowski z 1999 roku: Keanu Reeves, 136 minut, dwa światy i 11 Oscarów.",
            "new_number",
        ),
        ("„Matrix”: Wachowski, Reeves, 1999, 136.", "cut"),
        (SOURCE, "untranslated"),
    ],
)
def test_what_does_not_survive_is_named(translated: str, code: str) -> None:
    assert code in codes(SOURCE, translated)


@pytest.mark.parametrize(
    ("source", "translated"),
    [
        ("A hit of the 1990s about the 20th century.", "Przebój lat dziewięćdziesiątych o XX wieku."),
        ("It made more than 4,000 people laugh, and one cry.", "Rozśmieszył ponad 4000 osób, a jedną wzruszył."),
        ("Free your mind.", "Uwolnij umysł."),
    ],
)
def test_decades_centuries_and_groups_of_figures_are_written_as_the_language_does(source: str, translated: str) -> None:
    assert codes(source, translated) == set()


def test_a_person_keeps_the_name() -> None:
    kept = fidelity("Keanu Reeves never hurries.", "Keanu Reevesowi nigdy się nie spieszy.", KEANU)
    lost = fidelity("Keanu Reeves never hurries.", "Ten aktor nigdy się nie spieszy.", KEANU)

    assert kept == ()
    assert [problem.code for problem in lost] == ["lost_name"]
