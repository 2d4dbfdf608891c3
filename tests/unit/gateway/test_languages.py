import pytest

from gateway.http.failures import SHORT_MESSAGES, USER_MESSAGES, failure_body
from gateway.http.languages import Language, negotiate
from gateway.http.messages import MESSAGES, kind_name, say
from gateway.http.problems import REGISTRY
from shared.entities import EntityKind
from shared.jobs import Failure, FailureType, Suggestion


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("pl", "pl"),
        ("PL-pl", "pl"),
        ("it, de;q=0.5, fr;q=0.7", "fr"),
        ("es;q=0.5, de;q=0.5", "es"),
        ("pl;q=0, de;q=0.1", "de"),
        ("it, nl", "en"),
        ("*", "en"),
        ("*;q=0.1, es;q=0.2", "es"),
        ("de;q=2", "en"),
        ("de;q=x, fr;level=1", "en"),
        (";;,,q=1;" * 500, "en"),
    ],
)
def test_the_best_supported_language_is_chosen(header: str | None, language: str) -> None:
    assert negotiate(header) == language


def test_every_sentence_exists_in_every_language_with_the_same_places() -> None:
    for name, sentences in MESSAGES.items():
        assert set(sentences) == set(Language), name
        assert all(sentences.values()), name


def test_every_problem_can_be_said() -> None:
    own = {"unauthenticated": "key-required", "forbidden": "not-a-caller", "invalid-request": "many-invalid"}
    for name in REGISTRY:
        assert own.get(name, name) in MESSAGES


@pytest.mark.parametrize("kind", list(EntityKind))
@pytest.mark.parametrize("type_", list(FailureType))
def test_every_failure_of_every_kind_speaks_every_language(kind: EntityKind, type_: FailureType) -> None:
    failure = Failure(type=type_, technical_message="x", suggestions=(Suggestion(slug="a-1999", title="A", year=1999),))

    bodies = {language: failure_body(failure, kind, language) for language in Language}

    assert len({body["user_message"] for body in bodies.values()}) == len(Language)
    assert len({body["message"] for body in bodies.values()}) == 1
    assert "{" not in "".join(body["user_message"] + body["message"] for body in bodies.values())
    assert type_ in SHORT_MESSAGES
    assert type_ in USER_MESSAGES


def test_suggestions_use_the_names_of_their_kind() -> None:
    near = Suggestion(slug="keanu-reeves", title="Keanu Reeves", year=1964)
    failure = Failure(type=FailureType.NOT_FOUND, technical_message="x", suggestions=(near,) * 7)

    suggested = failure_body(failure, EntityKind.PERSON, Language.EN)["suggested_slugs"]

    assert len(suggested) == 5
    assert suggested[0] == {"slug": "keanu-reeves", "name": "Keanu Reeves", "birth_year": 1964}


def test_an_unknown_sentence_is_a_mistake_that_shows() -> None:
    with pytest.raises(KeyError):
        say(Language.EN, "no-such-sentence")
    assert kind_name(Language.PL, EntityKind.TV_SERIES) == "serial"
