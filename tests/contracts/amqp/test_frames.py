"""Malformed and misplaced frames: each ends the connection with the code the specification gives it."""

import struct

import pytest
from pamqp import commands, frame
from pamqp.header import ContentHeader
from tests.contracts.amqp.raw_client import HEADER, raw_client

from embedded_amqp import Server
from embedded_amqp.content import MAX_BODY_BYTES


def _frame(kind: int, channel: int, payload: bytes, end: int = 0xCE) -> bytes:
    return struct.pack(">BHI", kind, channel, len(payload)) + payload + bytes([end])


_PUBLISH = frame.marshal(commands.Basic.Publish(routing_key="q"), 1)
_CONTENT_HEADER = frame.marshal(ContentHeader(0, 4, commands.Basic.Properties()), 1)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        pytest.param(_frame(9, 1, b"x"), 501, id="unknown frame type"),
        pytest.param(_frame(1, 1, b"\0\x3c\0\x50", end=0), 501, id="wrong end octet"),
        pytest.param(struct.pack(">BHI", 1, 1, 131_072), 501, id="frame too large"),
        pytest.param(_frame(8, 1, b""), 501, id="heartbeat on a channel"),
        pytest.param(_PUBLISH + _CONTENT_HEADER + _frame(3, 1, b"12345"), 501, id="body longer than announced"),
        pytest.param(_frame(1, 1, b"\0\x32\0\x0a"), 502, id="method cut off"),
        pytest.param(_frame(1, 1, b"\0\x32\0\x0a\0\0\x05ab"), 502, id="argument cut off"),
        pytest.param(_PUBLISH + _frame(2, 1, b"\0\x3c\0\0"), 502, id="content header cut off"),
        pytest.param(
            _PUBLISH + _frame(2, 1, struct.pack(">HHQH", 60, 0, 0, 0x2000) + b"\0\0\0\x04\x01aZ!"),
            502,
            id="header of an unknown type",
        ),
        pytest.param(_frame(1, 1, b"\0\x63\0\x63"), 503, id="unknown method"),
        pytest.param(frame.marshal(commands.Basic.GetEmpty(), 1), 503, id="method of the server"),
        pytest.param(frame.marshal(commands.Connection.Open("/"), 1), 503, id="connection method on a channel"),
        pytest.param(frame.marshal(commands.Connection.Open("/"), 0), 503, id="opened twice"),
        pytest.param(frame.marshal(commands.Basic.Qos(), 0), 503, id="channel method on channel 0"),
        pytest.param(frame.marshal(commands.Basic.Qos(), 7), 504, id="channel that is not open"),
        pytest.param(frame.marshal(commands.Channel.Open(), 1), 504, id="channel opened twice"),
        pytest.param(_CONTENT_HEADER, 505, id="content without a method"),
        pytest.param(_PUBLISH + _PUBLISH, 505, id="method instead of content"),
        pytest.param(_PUBLISH + _frame(3, 1, b"x"), 505, id="body before its header"),
        pytest.param(_PUBLISH + _CONTENT_HEADER * 2, 505, id="two content headers"),
        pytest.param(_PUBLISH + _frame(2, 1, struct.pack(">HHQH", 10, 0, 0, 0)), 505, id="content of another class"),
        pytest.param(_frame(3, 0, b"x"), 505, id="content on channel 0"),
        pytest.param(frame.marshal(commands.Channel.Open(), 2048), 530, id="channel above the maximum"),
        pytest.param(frame.marshal(commands.Tx.Select(), 1), 540, id="transactions"),
        pytest.param(frame.marshal(commands.Basic.Publish(immediate=True), 1), 540, id="immediate"),
    ],
)
async def test_a_frame_that_breaks_the_rules_closes_its_connection(server: Server, sent: bytes, code: int) -> None:
    async with raw_client(server) as client:
        await client.log_in(server)
        await client.open_channel()

        await client.send_bytes(sent)

        closing = await client.read()
        assert isinstance(closing, commands.Connection.Close)
        assert closing.reply_code == code
        await client.send(commands.Connection.CloseOk())
        assert await client.read_to_end() == []


async def test_another_protocol_is_answered_with_ours(server: Server) -> None:
    async with raw_client(server) as client:
        await client.send_bytes(b"GET / HTTP/1.1\r\n\r\n")

        assert await client.read_bytes_to_end() == HEADER


async def test_a_body_above_the_limit_closes_only_its_channel(server: Server) -> None:
    async with raw_client(server) as client:
        await client.log_in(server)
        await client.open_channel()

        too_large = frame.marshal(ContentHeader(0, MAX_BODY_BYTES + 1, commands.Basic.Properties()), 1)
        await client.send_bytes(_PUBLISH + too_large + _frame(3, 1, b"x" * 1000))

        closing = await client.read()
        assert isinstance(closing, commands.Channel.Close)
        assert (closing.reply_code, "larger than configured max size" in closing.reply_text) == (406, True)
        await client.send(commands.Channel.CloseOk(), channel=1)
        await client.open_channel()


async def test_an_argument_that_cannot_be_stored_closes_only_its_channel(server: Server) -> None:
    async with raw_client(server) as client:
        await client.log_in(server)
        await client.open_channel()

        not_utf8 = b"\x01aS\0\0\0\x02\xff\xfe"
        await client.send_bytes(_frame(1, 1, b"\0\x32\0\x0a\0\0\x01q\0" + len(not_utf8).to_bytes(4) + not_utf8))

        closing = await client.read()
        assert isinstance(closing, commands.Channel.Close)
        assert closing.reply_code == 406


async def test_nothing_works_before_logging_in(server: Server) -> None:
    async with raw_client(server) as client:
        await client.send_bytes(HEADER)
        await client.read()

        await client.send(commands.Channel.Open(), channel=1)

        closing = await client.read()
        assert isinstance(closing, commands.Connection.Close)
        assert closing.reply_code == 503


@pytest.mark.parametrize(("frame_max", "channel_max"), [(131_073, 2047), (0, 2047), (100, 2047), (131_072, 65_535)])
async def test_limits_cannot_be_raised(server: Server, frame_max: int, channel_max: int) -> None:
    async with raw_client(server) as client:
        await client.send_bytes(HEADER)
        await client.read()
        response = f"\0guest\0{server.credentials.password}"
        await client.send(commands.Connection.StartOk({}, "PLAIN", response))
        await client.read()

        await client.send(commands.Connection.TuneOk(channel_max, frame_max, 0))

        closing = await client.read()
        assert isinstance(closing, commands.Connection.Close)
        assert closing.reply_code == 530


async def test_a_small_frame_limit_is_kept(server: Server) -> None:
    async with raw_client(server) as client:
        await client.log_in(server, frame_max=4096)
        await client.open_channel()
        await client.send(commands.Queue.Declare(queue="q"), channel=1)
        await client.read()
        header = frame.marshal(ContentHeader(0, 8000, commands.Basic.Properties()), 1)
        body = _frame(3, 1, b"a" * 4000) * 2
        await client.send_bytes(_PUBLISH + header + body)

        await client.send(commands.Basic.Get(queue="q"), channel=1)

        frames = [await client.read() for _ in range(4)]
        sizes = [len(frame.marshal(received, 1)) for received in frames]
        assert sizes[2:] == [4096, 8000 - 4088 + 8]
