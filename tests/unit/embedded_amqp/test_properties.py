import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp.commands import Basic

from embedded_amqp.properties import Properties

_SOME_HEADERS = Basic.Properties(content_type="text/plain", headers={"a": 1, "b": "x"}, message_id="m", delivery_mode=2)


def _with_headers(table: bytes) -> bytes:
    return struct.pack(">HI", 0x2000, len(table)) + table


def test_the_bytes_that_arrived_are_kept() -> None:
    raw = _SOME_HEADERS.marshal()

    properties = Properties.parse(raw)

    assert (properties.raw, properties.persistent) == (raw, True)
    assert (properties.text("message_id"), properties.text("reply_to")) == ("m", None)
    assert properties.headers == {"a": 1, "b": "x"}


def test_adding_headers_keeps_the_encoding_of_the_others() -> None:
    double = b"\x01dd" + struct.pack(">d", 0.1)
    not_utf8 = b"\x01sS\0\0\0\x02\xff\xfe"
    properties = Properties.parse(_with_headers(double + not_utf8))

    changed = properties.with_headers({"new": 1})

    assert double + not_utf8 in changed.raw
    assert Properties.parse(changed.raw).headers == {"d": 0.1, "s": b"\xff\xfe", "new": 1}


def test_a_header_can_be_replaced_and_the_first_one_added() -> None:
    replaced = Properties.parse(_SOME_HEADERS.marshal()).with_headers({"a": 2})
    added = Properties.parse(Basic.Properties().marshal()).with_headers({"a": 1})

    assert Properties.parse(replaced.raw).headers == {"b": "x", "a": 2}
    assert Properties.parse(added.raw).headers == {"a": 1}


def test_single_properties_can_be_set_and_removed() -> None:
    properties = Properties.parse(_SOME_HEADERS.marshal()).with_text("reply_to", "somewhere").without("message_id")

    again = Properties.parse(properties.raw)
    assert (again.text("reply_to"), again.text("message_id"), again.text("content_type")) == (
        "somewhere",
        None,
        "text/plain",
    )


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"\x80\x00\x05ab", id="string cut off"),
        pytest.param(b"\x80\x00\x02\xff\xff", id="not UTF-8"),
        pytest.param(b"\x00\x00x", id="bytes left over"),
        pytest.param(b"\x00\x01", id="flags continued"),
        pytest.param(_with_headers(b"\x01aZ"), id="unknown value type"),
        pytest.param(_with_headers(b"\x01aS\0\0\0\x09x"), id="value longer than the table"),
        pytest.param(_with_headers(b"\x01"), id="name cut off"),
    ],
)
def test_malformed_properties_are_refused(raw: bytes) -> None:
    with pytest.raises((ValueError, IndexError)):
        Properties.parse(raw)


@given(st.binary(min_size=2, max_size=60))
def test_whatever_is_accepted_can_be_changed_and_read_again(raw: bytes) -> None:
    try:
        properties = Properties.parse(raw)
    except (ValueError, IndexError, OverflowError, OSError):
        return

    changed = properties.with_headers({"x-delivery-count": 1}).without("expiration")

    assert Properties.parse(changed.raw).headers == {**properties.headers, "x-delivery-count": 1}
