"""Bounds of the embedded broker: memory, slow readers, silent peers, a full disk."""

import asyncio
import sqlite3
from pathlib import Path

import aio_pika
import pytest
from pamqp import commands
from pamqp.body import ContentBody
from tests.contracts.amqp.brokers import DEADLINE_S, Inbox, message, publish
from tests.contracts.amqp.raw_client import publish_frames, raw_client

from embedded_amqp import JournalError, Server, Settings

_MIB = 1024 * 1024


async def test_a_publisher_is_blocked_above_the_memory_limit_and_goes_on_when_consumers_caught_up() -> None:
    async with (
        Server(Settings(memory_limit_bytes=2 * _MIB)) as server,
        raw_client(server) as publisher,
        await aio_pika.connect(server.url) as connection,
    ):
        queue = await (await connection.channel()).declare_queue("work")
        await publisher.log_in(server)
        await publisher.open_channel()
        for _ in range(40):
            await publisher.send_bytes(publish_frames("work", b"x" * 100_000))

        assert isinstance(await publisher.read(), commands.Connection.Blocked)
        held = server.broker.memory.used_bytes
        assert 2 * _MIB < held < 2 * _MIB + 200_000

        inbox = await Inbox.of(queue)
        for _ in range(40):
            await (await inbox.next()).ack()
        assert isinstance(await publisher.read(), commands.Connection.Unblocked)


async def test_a_connection_that_only_consumes_is_not_blocked() -> None:
    async with (
        Server(Settings(memory_limit_bytes=_MIB)) as server,
        await aio_pika.connect(server.url) as publishing,
        await aio_pika.connect(server.url) as consuming,
    ):
        queue = await (await consuming.channel()).declare_queue("work")
        await (await publishing.channel()).default_exchange.publish(message("x" * 2 * _MIB), "work", timeout=DEADLINE_S)
        assert server.broker.memory.alarm

        received = await (await Inbox.of(queue)).next()
        await received.ack()

        await publish(await publishing.channel(), "work", "again")
        assert not server.broker.memory.alarm


async def test_a_consumer_that_does_not_read_holds_up_only_itself() -> None:
    async with (
        Server(Settings()) as server,
        raw_client(server) as slow,
        await aio_pika.connect(server.url) as connection,
    ):
        channel = await connection.channel()
        queue = await channel.declare_queue("work")
        await slow.log_in(server)
        await slow.open_channel()
        await slow.send(commands.Basic.Consume(queue="work", no_ack=True), channel=1)
        await slow.read()

        count = 400
        for _ in range(count):
            await channel.default_exchange.publish(aio_pika.Message(b"x" * 100_000), "work", timeout=DEADLINE_S)

        waiting = (await channel.declare_queue("work")).declaration_result.message_count
        assert waiting is not None
        assert waiting > count / 2
        inbox = await Inbox.of(queue, no_ack=True)
        for _ in range(waiting):
            await inbox.next()


async def test_a_large_backlog_is_delivered_completely_to_a_reader_that_catches_up(server: Server) -> None:
    async with raw_client(server) as slow, await aio_pika.connect(server.url) as connection:
        channel = await connection.channel()
        await channel.declare_queue("work")
        for _ in range(300):
            await channel.default_exchange.publish(aio_pika.Message(b"x" * 100_000), "work", timeout=DEADLINE_S)
        await slow.log_in(server)
        await slow.open_channel()

        await slow.send(commands.Basic.Consume(queue="work", no_ack=True), channel=1)

        await slow.read()
        bodies = 0
        while bodies < 300:
            bodies += isinstance(await slow.read(), ContentBody)
        assert server.broker.memory.used_bytes == 0


async def test_a_peer_silent_for_two_intervals_is_dropped_and_its_messages_return(server: Server) -> None:
    async with raw_client(server) as silent, await aio_pika.connect(server.url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("work")
        await publish(channel, "work", "1")
        await silent.log_in(server, heartbeat_s=1)
        await silent.open_channel()
        await silent.send(commands.Basic.Get(queue="work"), channel=1)

        await silent.read_to_end()

        assert silent.beats >= 2
        assert (await queue.get()).redelivered


async def test_a_full_disk_confirms_nothing_and_ends_the_server(tmp_path: Path) -> None:
    async with Server(Settings(journal=tmp_path / "journal.db")) as server, raw_client(server) as client:
        await client.log_in(server)
        await client.open_channel()
        await client.send(commands.Confirm.Select(), channel=1)
        await client.send(commands.Queue.Declare(queue="work", durable=True), channel=1)
        await client.read()
        await client.read()
        journal = server._journal  # pyright: ignore[reportPrivateUsage] - the disk of this test
        assert journal is not None
        journal._db.execute("PRAGMA max_page_count=12")  # pyright: ignore[reportPrivateUsage]

        await client.send_bytes(publish_frames("work", b"x" * 100_000))

        assert await client.read_to_end() == []
        failure = await asyncio.wait_for(server.failure(), DEADLINE_S)
        assert "database or disk is full" in str(failure)
    with sqlite3.connect(tmp_path / "journal.db") as database:
        assert database.execute("SELECT count(*) FROM message").fetchone() == (0,)


async def test_stopping_does_not_wait_for_clients_that_do_not_answer() -> None:
    async with Server(Settings()) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        async with asyncio.timeout(5):
            await server.stop()
        await reader.read()
        writer.close()

    assert server.connection_count == 0


async def test_an_unreadable_journal_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"not a database" * 1000)

    with pytest.raises(JournalError, match="file is not a database"):
        await Server(Settings(journal=tmp_path / "journal.db")).start()
