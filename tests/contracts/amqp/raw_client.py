"""A client that sends any bytes it is told to, and reads whole frames."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from pamqp import commands, frame
from pamqp.base import Frame as Method
from pamqp.common import FieldTable
from pamqp.header import ContentHeader
from pamqp.heartbeat import Heartbeat

from embedded_amqp import Server

DEADLINE_S: Final = 10.0
HEADER: Final = b"AMQP\x00\x00\x09\x01"


class RawClient:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer
        self.beats = 0

    async def send(self, *methods: Method, channel: int = 0) -> None:
        self.writer.write(b"".join(frame.marshal(method, channel) for method in methods))
        await self.writer.drain()

    async def send_bytes(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def read(self) -> frame.FrameTypes:
        """The next frame that is no heartbeat; raises IncompleteReadError at the end."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                head = await self._reader.readexactly(7)
                rest = await self._reader.readexactly(int.from_bytes(head[3:7]) + 1)
                received = frame.unmarshal(head + rest)[2]
                if not isinstance(received, Heartbeat):
                    return received
                self.beats += 1

    async def read_to_end(self) -> list[frame.FrameTypes]:
        frames: list[frame.FrameTypes] = []
        try:
            while True:
                frames.append(await self.read())
        except (asyncio.IncompleteReadError, ConnectionError):
            return frames

    async def read_bytes_to_end(self) -> bytes:
        async with asyncio.timeout(DEADLINE_S):
            return await self._reader.read()

    async def log_in(self, server: Server, *, heartbeat_s: int = 0, frame_max: int = 131072) -> None:
        await self.send_bytes(HEADER)
        await self.read()
        properties: FieldTable = {"capabilities": {"connection.blocked": True, "consumer_cancel_notify": True}}
        response = f"\0{server.credentials.user}\0{server.credentials.password}"
        await self.send(commands.Connection.StartOk(properties, "PLAIN", response))
        await self.read()
        await self.send(commands.Connection.TuneOk(2047, frame_max, heartbeat_s), commands.Connection.Open("/"))
        await self.read()

    async def open_channel(self, number: int = 1) -> None:
        await self.send(commands.Channel.Open(), channel=number)
        await self.read()


@asynccontextmanager
async def raw_client(server: Server) -> AsyncGenerator[RawClient, None]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield RawClient(reader, writer)
    finally:
        writer.close()


def publish_frames(queue: str, body: bytes, channel: int = 1) -> bytes:
    """A persistent message through the default exchange, in one body frame."""
    parts: list[frame.FrameTypes] = [
        commands.Basic.Publish(routing_key=queue),
        ContentHeader(0, len(body), commands.Basic.Properties(delivery_mode=2)),
    ]
    encoded = b"".join(frame.marshal(part, channel) for part in parts)
    return encoded + b"\x03" + channel.to_bytes(2) + len(body).to_bytes(4) + body + b"\xce"
