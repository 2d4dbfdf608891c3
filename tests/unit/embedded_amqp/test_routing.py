import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp.common import FieldTable
from tests.unit.embedded_amqp.core import Core

from embedded_amqp.errors import AmqpError
from embedded_amqp.exchanges import headers_match, topic_matches

_WORDS = st.lists(st.sampled_from(["a", "b", "c"]), max_size=6)
_PATTERNS = st.lists(st.sampled_from(["a", "b", "*", "#"]), max_size=6)


def _by_the_book(pattern: list[str], words: list[str]) -> bool:
    """The definition, taken literally."""
    if not pattern:
        return not words
    if pattern[0] == "#":
        return _by_the_book(pattern[1:], words) or (bool(words) and _by_the_book(pattern, words[1:]))
    return bool(words) and pattern[0] in {"*", words[0]} and _by_the_book(pattern[1:], words[1:])


@given(_PATTERNS, _WORDS)
def test_topic_matching_follows_the_definition(pattern: list[str], words: list[str]) -> None:
    assert topic_matches(pattern, words) == _by_the_book(pattern, words)


def test_a_hostile_topic_pattern_takes_no_exponential_time() -> None:
    assert not topic_matches(["#", "a"] * 60 + ["b"], ["a"] * 120)


@pytest.mark.parametrize(
    ("arguments", "headers", "expected"),
    [
        ({}, {"a": 1}, True),
        ({"x-match": "any"}, {"a": 1}, False),
        ({"a": None}, {"a": 7}, True),
        ({"a": None}, {}, False),
        ({"a": True}, {"a": 1}, False),
    ],
)
def test_header_bindings_compare_values_and_presence(
    arguments: FieldTable, headers: FieldTable, expected: bool
) -> None:
    assert headers_match(arguments, headers) is expected


def test_bindings_between_exchanges_may_form_a_circle(core: Core) -> None:
    for name in ("left", "right"):
        core.exchange(name, "fanout")
    core.broker.bind("left", core.broker.exchange("right"), "", {})
    core.broker.bind("right", core.broker.exchange("left"), "", {})
    core.queue("q")
    core.bind("left", "q")
    core.bind("right", "q")

    core.publish("x", "any", exchange="left")

    assert core.bodies("q") == ["x"]


def test_routes_are_not_remembered_beyond_a_change_of_bindings(core: Core) -> None:
    core.exchange("events")
    core.queue("q")
    assert not core.publish("1", "film.new", exchange="events").routed

    core.bind("events", "q", "film.*")
    assert core.publish("2", "film.new", exchange="events").routed

    core.broker.unbind("events", core.broker.queues["q"], "film.*", {})
    assert not core.publish("3", "film.new", exchange="events").routed


def test_an_exchange_of_an_unknown_type_is_refused(core: Core) -> None:
    with pytest.raises(AmqpError, match="unknown exchange type 'x-delayed-message'") as raised:
        core.exchange("delayed", "x-delayed-message")

    assert raised.value.closes_connection


def test_an_auto_delete_exchange_takes_those_it_fed_with_it(core: Core) -> None:
    core.exchange("first", "fanout", auto_delete=True)
    core.exchange("second", "fanout", auto_delete=True)
    core.broker.bind("first", core.broker.exchange("second"), "", {})
    core.queue("q")
    core.bind("second", "q")

    core.broker.delete_queue(core.broker.queues["q"])

    assert not {"first", "second"} & set(core.broker.exchanges)


@pytest.mark.parametrize("name", ["", "amq.topic", "amq.own"])
def test_predeclared_and_reserved_exchanges_cannot_be_deleted(core: Core, name: str) -> None:
    with pytest.raises(AmqpError, match="ACCESS_REFUSED"):
        core.broker.delete_exchange(name)


def test_an_invalid_x_match_is_refused(core: Core) -> None:
    core.exchange("events", "headers")
    core.queue("q")

    with pytest.raises(AmqpError, match="Invalid x-match"):
        core.bind("events", "q", arguments={"x-match": "some"})
