"""Finding the object in what a model said."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.adapters.openai.structured import (
    MAX_STARTS,
    REMEMBERED_S,
    SCHEMA,
    Remembered,
    json_object,
    with_instruction,
)
from generator.ports import Message
from shared.testing.clock import FakeClock

OBJECT = '{"exists": true, "text": "a } in \\"it\\" {"}'


@pytest.mark.parametrize(
    "said",
    [
        OBJECT,
        f"  {OBJECT}\n",
        f"```json\n{OBJECT}\n```",
        f"Sure! Here it is: {OBJECT} I hope {{this}} helps.",
        f'<think>{{"exists": false}} no, wait</think>{OBJECT}',
        f"<THINKING>\nhm\n</THINKING>\n{OBJECT}",
        f"a set {{1, 2}} first, then {OBJECT}",
    ],
    ids=["bare", "spaces", "fence", "prose", "reasoning", "other_reasoning", "braces"],
)
def test_the_first_object_counts_whatever_stands_around_it(said: str) -> None:
    assert json_object(said) == OBJECT


@pytest.mark.parametrize(
    "said",
    ["", "no object", "{exists: yes, text", '{"exists": true, "text": "cut', "[1, 2]", "<think>{}"],
    ids=["empty", "prose", "no_json", "cut", "list", "only_reasoning"],
)
def test_without_an_object_everything_is_kept_as_it_was_said(said: str) -> None:
    assert json_object(said) == said


def test_line_breaks_inside_strings_are_escaped() -> None:
    assert json.loads(json_object('{"text": "one\ntwo\x11"}')) == {"text": "one\ntwo\x11"}


def test_many_braces_and_deep_ones_end_soon() -> None:
    assert json_object("{" * (MAX_STARTS + 1) + OBJECT) == "{" * (MAX_STARTS + 1) + OBJECT
    assert json_object('{"a":' * 100_000) == '{"a":' * 100_000


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none()), st.text(alphabet="abc \n`*"))
def test_every_object_is_found_again(members: dict[str, str | int | None], around: str) -> None:
    assert json.loads(json_object(f"{around}{json.dumps(members)}{around}")) == members


def test_the_schema_goes_into_the_system_message() -> None:
    prompt = (Message("system", "be brief"), Message("user", "write"))

    system, user = with_instruction(prompt)
    lone = with_instruction(prompt[1:])

    assert system.content.startswith("be brief\n\n")
    assert json.dumps(SCHEMA, separators=(",", ":")) in system.content
    assert user == prompt[1]
    assert [message.role for message in lone] == ["system", "user"]


def test_a_refusal_is_remembered_for_an_hour() -> None:
    clock = FakeClock()
    remembered = Remembered(clock)

    remembered.add("m", "schema")
    known = remembered.has("m", "schema"), remembered.has("m", "object"), remembered.has("n", "schema")
    clock.advance(REMEMBERED_S)

    assert known == (True, False, False)
    assert not remembered.has("m", "schema")
