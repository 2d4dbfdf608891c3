"""The channels of one connection: opening, dispatching frames, closing."""

from pamqp import commands
from pamqp.base import Frame as Method

from embedded_amqp import methods, wire
from embedded_amqp.broker import Broker
from embedded_amqp.channel import Channel, Peer
from embedded_amqp.errors import CHANNEL_ERROR, NOT_ALLOWED, UNEXPECTED_FRAME, AmqpError


class Channels:
    """`maximum` is the highest channel number. Errors that end a channel are answered here, the others are raised."""

    def __init__(self, peer: Peer, broker: Broker) -> None:
        self.maximum = 0
        self._peer = peer
        self._broker = broker
        self._open: dict[int, Channel] = {}
        self._closing: set[int] = set()

    def on_frame(self, frame: wire.Frame) -> None:
        method = wire.decode_method(frame.payload) if frame.type == wire.METHOD else None
        if frame.channel in self._closing:
            self._on_frame_while_closing(frame.channel, method)
            return
        try:
            self._dispatch(frame, method)
        except AmqpError as error:
            if error.closes_connection:
                raise
            self._close(frame.channel)
            self._closing.add(frame.channel)
            self._send(frame.channel, commands.Channel.Close(error.code, error.reply_text, *_identity(method)))

    def kick(self) -> None:
        """There is room for deliveries again."""
        for channel in self._open.values():
            channel.kick()

    def close(self) -> None:
        for number in list(self._open):
            self._close(number)

    def _dispatch(self, frame: wire.Frame, method: Method | None) -> None:
        channel = self._open.get(frame.channel)
        if channel is None:
            self._open_channel(frame.channel, method)
        elif method is None:
            channel.on_content(frame)
        elif channel.expects_content:
            raise AmqpError(UNEXPECTED_FRAME, f"expected message content, got {method.name}")
        elif isinstance(method, commands.Channel.Open):
            raise AmqpError(CHANNEL_ERROR, "second 'channel.open' seen")
        elif isinstance(method, commands.Channel.Close):
            self._close(frame.channel)
            self._send(frame.channel, commands.Channel.CloseOk())
        else:
            methods.handle(channel, method)

    def _open_channel(self, number: int, method: Method | None) -> None:
        if not isinstance(method, commands.Channel.Open):
            raise AmqpError(CHANNEL_ERROR, "expected 'channel.open'")
        if number > self.maximum:
            raise AmqpError(NOT_ALLOWED, f"channel {number} is above the negotiated maximum of {self.maximum}")
        self._open[number] = Channel(number, self._peer, self._broker)
        self._send(number, commands.Channel.OpenOk())

    def _on_frame_while_closing(self, number: int, method: Method | None) -> None:
        """What was under way is ignored until the client knows that the channel is closed."""
        if isinstance(method, commands.Channel.CloseOk):
            self._closing.discard(number)
        elif isinstance(method, commands.Channel.Close):
            self._send(number, commands.Channel.CloseOk())

    def _close(self, number: int) -> None:
        """Confirms that are due still leave before the channel's last method."""
        channel = self._open.pop(number)
        channel.write_confirms()
        channel.close()

    def _send(self, number: int, method: Method) -> None:
        self._peer.send(wire.encode_method(number, method))


def _identity(method: Method | None) -> tuple[int, int]:
    """Class and method id, for the reply to a method that failed."""
    return (0, 0) if method is None else (method.index >> 16, method.index & 0xFFFF)
