import pytest
from pamqp import frame
from pamqp.commands import Basic

from embedded_amqp import wire
from embedded_amqp.errors import AmqpError
from embedded_amqp.messages import Message
from embedded_amqp.properties import Properties

_ACK = frame.marshal(Basic.Ack(7, multiple=True), 3)


def test_a_frame_is_complete_only_with_its_last_octet() -> None:
    for length in range(len(_ACK)):
        assert wire.next_frame(bytearray(_ACK[:length]), 0, wire.FRAME_MAX) is None

    received = wire.next_frame(bytearray(b"before" + _ACK + b"after"), 6, wire.FRAME_MAX)

    assert received is not None
    assert received == wire.Frame(wire.METHOD, 3, _ACK[7:-1])
    assert wire.frame_length(received) == len(_ACK)


def test_a_frame_that_is_too_large_is_refused_before_it_has_arrived() -> None:
    with pytest.raises(AmqpError, match="FRAME_ERROR"):
        wire.next_frame(bytearray(b"\x03\0\x01\0\0\x10\0"), 0, 4096)


@pytest.mark.parametrize("payload", [b"", b"\0", b"\0\x3c\0", b"\xff\xff\xff\xff"])
def test_a_method_that_does_not_exist_is_an_invalid_command(payload: bytes) -> None:
    with pytest.raises(AmqpError, match="COMMAND_INVALID"):
        wire.decode_method(payload)


def test_what_is_written_is_what_pamqp_reads() -> None:
    properties = Basic.Properties(message_id="m", headers={"a": 1})
    message = Message("exchange", "key", Properties.parse(properties.marshal()), b"x" * 5000)

    data = wire.Envelope(3, 4096).deliver("tag", 2**40, True, message, message.properties.raw)

    frames: list[frame.FrameTypes] = []
    while data:
        consumed, channel, received = frame.unmarshal(data)
        frames.append(received)
        data = data[consumed:]
        assert channel == 3
    deliver, header, *bodies = frames
    assert isinstance(deliver, Basic.Deliver)
    assert dict(deliver) == {
        "consumer_tag": "tag",
        "delivery_tag": 2**40,
        "redelivered": True,
        "exchange": "exchange",
        "routing_key": "key",
    }
    assert [len(frame.marshal(part, 3)) for part in bodies] == [4096, 5000 - 4088 + 8]
    assert getattr(header, "properties", None) == properties
