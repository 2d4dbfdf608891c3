"""Whatever is sent, the server lives on, other connections keep working, and nothing is left behind."""

import asyncio
import random
import warnings
from collections.abc import Sequence
from typing import Final

import aio_pika
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pamqp import commands, frame
from pamqp.base import Frame as Method
from pamqp.header import ContentHeader
from tests.contracts.amqp.raw_client import HEADER, raw_client

from embedded_amqp import Server, Settings

_METHODS: Final[list[type[Method]]] = sorted(commands.INDEX_MAPPING.values(), key=lambda kind: kind.name)
_CLIENT_METHODS: Final[list[type[Method]]] = [
    commands.Queue.Declare,
    commands.Queue.Declare,
    commands.Queue.Bind,
    commands.Queue.Unbind,
    commands.Queue.Purge,
    commands.Queue.Delete,
    commands.Exchange.Declare,
    commands.Exchange.Bind,
    commands.Exchange.Delete,
    commands.Basic.Consume,
    commands.Basic.Consume,
    commands.Basic.Cancel,
    commands.Basic.Get,
    commands.Basic.Ack,
    commands.Basic.Nack,
    commands.Basic.Reject,
    commands.Basic.Recover,
    commands.Basic.Qos,
    commands.Confirm.Select,
]
_NAMES: Final = st.sampled_from(["", "q", "q2", "e", "amq.topic", "amq.rabbitmq.reply-to", "nothing"])
_ARGUMENTS: Final = st.sampled_from(
    [
        {},
        {"x-queue-type": "quorum"},
        {"x-message-ttl": 0},
        {"x-max-length": 0, "x-dead-letter-exchange": ""},
        {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "q"},
        {"x-max-length": "many"},
        {"x-match": "none"},
    ]
)
_TABLES: Final = {"arguments", "client_properties", "server_properties"}


@st.composite
def _methods(draw: st.DrawFn, kinds: Sequence[type[Method]], channels: Sequence[int]) -> bytes:
    """A method that can be encoded, with arguments that mostly make sense, whatever the state."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # basic.recover-async is one of them
        method = draw(st.sampled_from(kinds))()
    for name in method.attributes():
        kind = method.amqp_type(name)
        if name in _TABLES:
            setattr(method, name, draw(_ARGUMENTS))
        elif kind == "bit":
            setattr(method, name, draw(st.booleans()))
        elif name in {"queue", "exchange", "routing_key", "consumer_tag", "source", "destination"}:
            setattr(method, name, draw(_NAMES))
        elif name in {"delivery_tag", "prefetch_count", "message_count"}:
            setattr(method, name, draw(st.integers(0, 3)))
    try:
        return frame.marshal(method, draw(st.sampled_from(channels)))
    except (ValueError, TypeError):
        return b""


@st.composite
def _contents(draw: st.DrawFn) -> bytes:
    body = draw(st.binary(max_size=20))
    properties = commands.Basic.Properties(
        headers=draw(st.sampled_from([None, {"x-death": 1}, {"x-death": [{"queue": "q", "count": 1}]}])),
        expiration=draw(st.sampled_from([None, "0", "1", "soon"])),
        delivery_mode=draw(st.sampled_from([None, 1, 2])),
        reply_to=draw(st.sampled_from([None, "amq.rabbitmq.reply-to"])),
    )
    publish = commands.Basic.Publish(exchange=draw(_NAMES), routing_key=draw(_NAMES), mandatory=True)
    parts = [frame.marshal(publish, 1), frame.marshal(ContentHeader(0, len(body), properties), 1)]
    return b"".join(parts) + (b"\x03\0\x01" + len(body).to_bytes(4) + body + b"\xce" if body else b"")


@st.composite
def _mutations(draw: st.DrawFn, valid: st.SearchStrategy[bytes]) -> bytes:
    """Valid frames with some octets changed, cut off at some place."""
    data = bytearray(draw(valid))
    for _ in range(draw(st.integers(0, 4))):
        if data:
            data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data)


_VALID: Final = _methods(_METHODS, channels=(0, 1, 1, 1, 2)) | _contents()
_SENSIBLE: Final = _methods(_CLIENT_METHODS, channels=(1,)) | _contents()
_CONVERSATIONS: Final = st.lists(_SENSIBLE, max_size=25) | st.lists(
    _VALID | _VALID | _mutations(_VALID) | st.binary(max_size=64), max_size=25
)


async def _attack(server: Server, conversation: bytes, *, logged_in: bool) -> None:
    async with raw_client(server) as client:
        try:
            if logged_in:
                await client.log_in(server)
                await client.open_channel()
            else:
                await client.send_bytes(random.Random(len(conversation)).choice([b"", HEADER]))
            await client.send_bytes(conversation)
            client.writer.write_eof()
            assert b"INTERNAL_ERROR" not in await client.read_bytes_to_end()
        except (ConnectionError, asyncio.IncompleteReadError):
            return


async def _healthy(connection: aio_pika.abc.AbstractConnection) -> None:
    async with connection.channel() as channel:
        queue = await channel.declare_queue(exclusive=True)
        await channel.default_exchange.publish(aio_pika.Message(b"alive"), queue.name, timeout=10)
        assert (await queue.get()).body == b"alive"
        await queue.delete(if_unused=False, if_empty=False)


async def _clean_up(server: Server) -> None:
    """Delete what hostile clients declared; what belonged to their connections must be gone by itself."""
    assert [queue.name for queue in server.broker.queues.values() if queue.owner is not None] == []
    assert [queue.name for queue in server.broker.queues.values() if queue.consumers] == []
    for queue in list(server.broker.queues.values()):
        server.broker.delete_queue(queue)
    for name in [name for name in server.broker.exchanges if name and not name.startswith("amq.")]:
        server.broker.delete_exchange(name)


async def _run(conversations: list[bytes], *, logged_in: bool) -> None:
    async with Server(Settings()) as server, await aio_pika.connect(server.url) as connection:
        tasks = len(asyncio.all_tasks())
        for conversation in conversations:
            await _attack(server, conversation, logged_in=logged_in)
            await _healthy(connection)
        await _clean_up(server)
        async with asyncio.timeout(10):
            while server.connection_count > 1 or server.broker.memory.used_bytes:
                await _healthy(connection)
        assert (len(asyncio.all_tasks()), server.broker.replies) == (tasks, {})


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(_CONVERSATIONS, min_size=1, max_size=4))
def test_frames_in_wrong_states_and_broken_frames_harm_only_their_sender(conversations: list[list[bytes]]) -> None:
    asyncio.run(_run([b"".join(conversation) for conversation in conversations], logged_in=True))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(st.binary(max_size=200) | _mutations(_VALID), min_size=1, max_size=4))
def test_bytes_before_logging_in_harm_only_their_sender(conversations: list[bytes]) -> None:
    asyncio.run(_run(conversations, logged_in=False))
