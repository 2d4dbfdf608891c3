"""One client connection: its phases, its channels, and how it ends."""

import asyncio
import logging
from enum import Enum, auto
from typing import Final, Protocol, cast

from pamqp import commands
from pamqp.base import Frame as Method

from embedded_amqp import handshake, wire
from embedded_amqp.broker import Broker
from embedded_amqp.channel import Channel
from embedded_amqp.channels import Channels
from embedded_amqp.errors import COMMAND_INVALID, FRAME_ERROR, INTERNAL_ERROR, UNEXPECTED_FRAME, AmqpError
from embedded_amqp.heartbeat import Heartbeat
from embedded_amqp.output import Output

_HANDSHAKE_S: Final = 10.0
_CLOSING_S: Final = 5.0
# Before the limits are agreed nothing larger than RabbitMQ's initial frame size is read.
_HANDSHAKE_FRAME_BYTES: Final = 8192

_log: Final = logging.getLogger("embedded_amqp")


class Host(Protocol):
    """The server, as far as a connection needs it."""

    @property
    def broker(self) -> Broker: ...

    @property
    def credentials(self) -> handshake.Credentials: ...

    def flush_later(self, connection: "Connection") -> None:
        """Commit the journal, then call `flush`."""

    def join(self, connection: "Connection") -> bool:
        """False when there are too many connections."""
        ...

    def leave(self, connection: "Connection") -> None: ...


class _Phase(Enum):
    HEADER = auto()
    START = auto()
    TUNE = auto()
    OPEN = auto()
    RUNNING = auto()
    CLOSING = auto()


class Connection(asyncio.Protocol):
    """Whatever the bytes say, an error ends at most this connection, and nothing of it stays behind."""

    _transport: asyncio.Transport
    _output: Output

    def __init__(self, host: Host, loop: asyncio.AbstractEventLoop) -> None:
        self.frame_max = wire.FRAME_MIN
        self._host = host
        self._loop = loop
        self._phase = _Phase.HEADER
        self.client = handshake.Client("", wants_cancel_notify=False, wants_blocked=False)
        self._receive_max = _HANDSHAKE_FRAME_BYTES
        self._channels = Channels(self, host.broker)
        self._received = bytearray()
        self._confirming: dict[Channel, None] = {}
        self._blocked = False
        self._starved = False
        self._stalled = False
        self._finishing = False
        self._deadline = loop.call_later(_HANDSHAKE_S, self.abort)
        self._heartbeat: Heartbeat | None = None

    # -- transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # asyncio gives stream protocols no other kind
        self._output = Output(self._transport, lambda: self._host.flush_later(self))
        if not self._host.join(self):
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._phase = _Phase.CLOSING
        self._received.clear()
        self._release()
        self._deadline.cancel()
        self._host.leave(self)

    def pause_writing(self) -> None:
        self._output.paused = True

    def resume_writing(self) -> None:
        self._output.paused = False
        self._resume()

    def data_received(self, data: bytes) -> None:
        if self._heartbeat is not None:
            self._heartbeat.heard()
        self._received += data
        self._process()

    def flush(self) -> None:
        """Everything confirmed here must be in the journal by now."""
        for channel in self._confirming:
            channel.write_confirms()
        self._confirming.clear()
        self._output.flush()
        self._resume()
        if self._finishing:
            self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def _resume(self) -> None:
        if self._starved and self._output.has_room_for_deliveries:
            self._starved = False
            self._channels.kick()
        if self._stalled and self._output.has_room_for_answers:
            self._stalled = False
            self._read_on()

    @property
    def has_room(self) -> bool:
        self._starved = self._starved or not self._output.has_room_for_deliveries
        return self._output.has_room_for_deliveries

    @property
    def has_room_for_replies(self) -> bool:
        return self._output.has_room_for_replies

    def send(self, data: bytes) -> None:
        self._output.write(data)

    def confirm_before_flush(self, channel: Channel) -> None:
        self._confirming[channel] = None
        self._host.flush_later(self)

    def published(self) -> None:
        """While memory is short, a connection is blocked from its next publication on."""
        if self._host.broker.memory.alarm and not self._blocked:
            self._set_blocked(blocked=True)
            if self.client.wants_blocked:
                self._send(commands.Connection.Blocked("low on memory"))

    def unblock(self) -> None:
        if self._blocked:
            self._set_blocked(blocked=False)
            if self.client.wants_blocked:
                self._send(commands.Connection.Unblocked())
            self._read_on()

    def _read_on(self) -> None:
        if not (self._blocked or self._stalled):
            self._transport.resume_reading()
            self._loop.call_soon(self._process)

    def _set_blocked(self, *, blocked: bool) -> None:
        self._blocked = blocked
        if self._heartbeat is not None:
            self._heartbeat.listen(listening=not blocked)

    # -- frames in

    def _process(self) -> None:
        done = 0
        try:
            while self._may_process():
                frame = self._next(done)
                if frame is None:
                    break
                done += wire.frame_length(frame)
                self._on_frame(frame)
        except AmqpError as error:
            self._fail(error)
        except Exception:  # noqa: BLE001 - a bug must not take the other connections down
            _log.exception("connection closed by an internal error")
            self._fail(AmqpError(INTERNAL_ERROR, "internal error"))
        del self._received[:done]
        if self._blocked or self._stalled:
            self._transport.pause_reading()

    def _may_process(self) -> bool:
        self._stalled = not self._output.has_room_for_answers
        return not (self._blocked or self._stalled)

    def _next(self, start: int) -> wire.Frame | None:
        if self._phase is _Phase.HEADER and not self._take_protocol_header():
            return None
        try:
            return wire.next_frame(self._received, start, self._receive_max)
        except AmqpError:
            self._received.clear()  # nobody knows where the next frame begins
            raise

    def _take_protocol_header(self) -> bool:
        """Anything but our version is answered with it, and the connection ends (section 4.2.2)."""
        received = bytes(self._received[: len(wire.PROTOCOL_HEADER)])
        if received == wire.PROTOCOL_HEADER:
            del self._received[: len(received)]
            self._phase = _Phase.START
            self._send(handshake.start())
            return True
        if not wire.PROTOCOL_HEADER.startswith(received):
            self._output.write(wire.PROTOCOL_HEADER)
            self._finish()
        return False

    def _on_frame(self, frame: wire.Frame) -> None:
        if self._phase is _Phase.CLOSING:
            self._on_frame_while_closing(frame)
        elif frame.channel == 0:
            self._on_connection_frame(frame)
        elif frame.type == wire.HEARTBEAT_TYPE:
            raise AmqpError(FRAME_ERROR, "heartbeat on a channel")
        elif self._phase is not _Phase.RUNNING:
            raise AmqpError(COMMAND_INVALID, "the connection is not open")
        else:
            self._channels.on_frame(frame)

    def _on_connection_frame(self, frame: wire.Frame) -> None:
        if frame.type == wire.HEARTBEAT_TYPE:
            return
        if frame.type != wire.METHOD:
            raise AmqpError(UNEXPECTED_FRAME, "content on channel 0")
        method = wire.decode_method(frame.payload)
        match self._phase, method:
            case _, commands.Connection.Close():
                self._send(commands.Connection.CloseOk())
                self._finish()
            case _Phase.START, commands.Connection.StartOk():
                self.client = handshake.log_in(method, self._host.credentials)
                self._phase = _Phase.TUNE
                self._send(handshake.tune())
            case _Phase.TUNE, commands.Connection.TuneOk():
                self._apply(handshake.agree(method))
                self._phase = _Phase.OPEN
            case _Phase.OPEN, commands.Connection.Open():
                handshake.check_virtual_host(method)
                self._deadline.cancel()
                self._phase = _Phase.RUNNING
                self._send(commands.Connection.OpenOk())
            case _:
                raise AmqpError(COMMAND_INVALID, f"unexpected method {method.name}")

    def _apply(self, limits: handshake.Limits) -> None:
        self.frame_max = self._receive_max = limits.frame_max
        self._channels.maximum = limits.channel_max
        if limits.heartbeat_s:
            self._heartbeat = Heartbeat(self._loop, limits.heartbeat_s, self._beat, self.abort)

    def _beat(self) -> None:
        if not self._output.paused:
            self.send(wire.HEARTBEAT)

    def _on_frame_while_closing(self, frame: wire.Frame) -> None:
        if frame.channel == 0 and frame.type == wire.METHOD:
            method = wire.decode_method(frame.payload)
            if isinstance(method, commands.Connection.Close):
                self._send(commands.Connection.CloseOk())
            if isinstance(method, commands.Connection.Close | commands.Connection.CloseOk):
                self._finish()

    # -- the end

    def shut_down(self, error: AmqpError) -> None:
        """Tell the client why, and leave once it knows or after a short while."""
        self.unblock()
        self._fail(error)

    def _fail(self, error: AmqpError) -> None:
        if self._phase is not _Phase.CLOSING:
            self._begin_closing()
            self._send(commands.Connection.Close(error.code, error.reply_text, 0, 0))

    def _begin_closing(self) -> None:
        self._phase = _Phase.CLOSING
        self._release()
        self._deadline.cancel()
        self._deadline = self._loop.call_later(_CLOSING_S, self.abort)

    def _finish(self) -> None:
        """Close as soon as all output is written."""
        self._begin_closing()
        self._finishing = True
        self._host.flush_later(self)

    def _release(self) -> None:
        if self._heartbeat is not None:
            self._heartbeat.stop()
        self._channels.close()
        self._confirming.clear()
        self._host.broker.delete_exclusive(self)

    def _send(self, method: Method) -> None:
        self._output.write(wire.encode_method(0, method))
