"""One channel: what was delivered and not yet settled, confirms, and publishing. Methods are in `methods`."""

import secrets
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Final, Protocol

from pamqp.base import Frame as Method
from pamqp.commands import Basic

from embedded_amqp import wire
from embedded_amqp.broker import Broker
from embedded_amqp.consumers import Consumer
from embedded_amqp.content import Content
from embedded_amqp.errors import NO_ROUTE, PRECONDITION_FAILED, UNEXPECTED_FRAME, AmqpError
from embedded_amqp.handshake import Client
from embedded_amqp.messages import Entry, Message
from embedded_amqp.properties import Properties
from embedded_amqp.queues import Queue

REPLY_TO: Final = "amq.rabbitmq.reply-to"


class Peer(Protocol):
    """The connection, as far as a channel needs it."""

    client: Client
    frame_max: int

    @property
    def has_room(self) -> bool:
        """False while the peer does not read what was sent to it."""
        ...

    @property
    def has_room_for_replies(self) -> bool:
        """Direct replies cannot wait in a queue, so they may use more of the write buffer."""
        ...

    def send(self, data: bytes) -> None:
        """Buffered, and written after the journal's next commit."""

    def confirm_before_flush(self, channel: "Channel") -> None:
        """Call `write_confirms` before the next write."""

    def published(self) -> None:
        """A message came in; the connection may have to be blocked."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """A delivery that waits for its acknowledgement; no consumer for one fetched by `basic.get`."""

    entry: Entry
    queue: Queue
    consumer: Consumer | None


class Channel:
    def __init__(self, number: int, peer: Peer, broker: Broker) -> None:
        self.number = number
        self.peer = peer
        self.broker = broker
        self.confirms = False
        self.prefetch = 0
        self.last_queue = ""
        self.consumers: dict[str, Consumer] = {}
        self.reply_tag: str | None = None
        self._reply_address = ""
        self._shared_prefetch = 0
        self._in_flight = 0
        self._last_tag = 0
        self._unacked: dict[int, Delivered] = {}
        self._content: Content | None = None
        self._publish_seq = 0
        self._confirmed_seq = 0
        self._envelope = wire.Envelope(number, peer.frame_max)

    def send(self, method: Method) -> None:
        self.peer.send(wire.encode_method(self.number, method))

    def close(self) -> None:
        """Everything unacknowledged goes back to its queue, consumers end."""
        self._content = None
        self.close_reply()
        for consumer in list(self.consumers.values()):
            self.cancel(consumer.tag)
        for delivered in self._unacked.values():
            delivered.queue.give_back(delivered.entry)
        self._unacked.clear()

    # -- deliveries

    def has_room(self, consumer: Consumer) -> bool:
        within = consumer.no_ack or not self._shared_prefetch or self._in_flight < self._shared_prefetch
        return within and self.peer.has_room

    def deliver(self, consumer: Consumer, entry: Entry) -> None:
        tag = self._next_tag()
        if not consumer.no_ack:
            consumer.unacked += 1
            self._in_flight += 1
            self._unacked[tag] = Delivered(entry, consumer.queue, consumer)
        properties = _as_delivered(entry, consumer.queue)
        self.peer.send(self._envelope.deliver(consumer.tag, tag, entry.redelivered, entry.message, properties))

    def cancelled(self, consumer: Consumer) -> None:
        self.consumers.pop(consumer.tag, None)
        if self.peer.client.wants_cancel_notify:
            self.send(Basic.Cancel(consumer.tag, nowait=True))

    def cancel(self, tag: str) -> None:
        """What the consumer has not settled stays with the channel."""
        consumer = self.consumers.pop(tag, None)
        if consumer is not None:
            consumer.queue.remove_consumer(consumer)
        elif tag == self.reply_tag:
            self.close_reply()

    def get(self, queue: Queue, *, no_ack: bool) -> None:
        entry = queue.take()
        if entry is None:
            self.send(Basic.GetEmpty())
            return
        tag = self._next_tag()
        properties = _as_delivered(entry, queue)
        self.peer.send(self._envelope.get_ok(tag, entry.redelivered, entry.message, properties, len(queue)))
        if no_ack:
            queue.discard(entry)
        else:
            self._unacked[tag] = Delivered(entry, queue, None)

    def _next_tag(self) -> int:
        self._last_tag += 1
        return self._last_tag

    def share_prefetch(self, count: int) -> None:
        """One limit for all consumers of the channel together, 0 for none."""
        self._shared_prefetch = count
        self.kick()

    def kick(self) -> None:
        """There is room again."""
        for consumer in self.consumers.values():
            consumer.queue.kick()

    # -- settling

    def ack(self, tag: int, *, multiple: bool) -> None:
        for delivered in self._settle(tag, multiple=multiple):
            delivered.queue.discard(delivered.entry)

    def reject(self, tag: int, *, multiple: bool, requeue: bool) -> None:
        for delivered in self._settle(tag, multiple=multiple):
            if requeue:
                delivered.queue.give_back(delivered.entry)
            else:
                delivered.queue.bury(delivered.entry, "rejected")

    def recover(self) -> None:
        self.reject(0, multiple=True, requeue=True)

    def _settle(self, tag: int, *, multiple: bool) -> list[Delivered]:
        """Tag 0 with `multiple` means all; raises 406 for a tag that is not outstanding."""
        if tag not in self._unacked and not (multiple and tag == 0):
            raise AmqpError(PRECONDITION_FAILED, f"unknown delivery tag {tag}")
        tags = [tag]
        if multiple:
            tags = list(takewhile(lambda known: tag == 0 or known <= tag, self._unacked))
        settled = [self._unacked.pop(known) for known in tags]
        for delivered in settled:
            if delivered.consumer is not None:
                delivered.consumer.unacked -= 1
                self._in_flight -= 1
            delivered.queue.kick()
        if self._shared_prefetch:
            self.kick()
        return settled

    # -- publishing

    def begin(self, publish: Basic.Publish) -> None:
        self._content = Content(publish)

    @property
    def expects_content(self) -> bool:
        return self._content is not None

    def on_content(self, frame: wire.Frame) -> None:
        if self._content is None:
            raise AmqpError(UNEXPECTED_FRAME, "content without a method that carries content")
        if frame.type == wire.HEADER:
            self._content.header(frame.payload)
        else:
            self._content.body(frame.payload)
        message = self._content.message()
        if message is not None:
            mandatory = self._content.publish.mandatory
            self._content = None
            self._publish(message, mandatory=mandatory)

    def _publish(self, message: Message, *, mandatory: bool) -> None:
        user = message.properties.text("user_id")
        if user is not None and user != self.peer.client.user:
            detail = f"user_id property set to '{user}' but authenticated user was '{self.peer.client.user}'"
            raise AmqpError(PRECONDITION_FAILED, detail)
        if message.properties.text("reply_to") == REPLY_TO:
            message = replace(message, properties=self._with_reply_address(message.properties))
        published = self.broker.publish(message)
        if mandatory and not published.routed:
            self.peer.send(self._envelope.returned(NO_ROUTE, "NO_ROUTE", message))
        if self.confirms:
            self._confirm(refused=published.refused)
        self.peer.published()

    def _confirm(self, *, refused: bool) -> None:
        if refused:
            self.write_confirms()
            self._publish_seq += 1
            self._confirmed_seq = self._publish_seq
            self.send(Basic.Nack(self._publish_seq))
        else:
            self._publish_seq += 1
            self.peer.confirm_before_flush(self)

    def write_confirms(self) -> None:
        """One acknowledgement for all publications since the last."""
        if self._publish_seq > self._confirmed_seq:
            several = self._publish_seq > self._confirmed_seq + 1
            self._confirmed_seq = self._publish_seq
            self.send(Basic.Ack(self._publish_seq, multiple=several))

    # -- direct reply-to

    def open_reply(self, tag: str) -> None:
        self.reply_tag = tag
        self._reply_address = f"{REPLY_TO}.{secrets.token_urlsafe(24)}"
        self.broker.replies[self._reply_address] = self._deliver_reply

    def close_reply(self) -> None:
        self.reply_tag = None
        self.broker.replies.pop(self._reply_address, None)

    def _deliver_reply(self, message: Message) -> bool:
        if self.reply_tag is None or not self.peer.has_room_for_replies:
            return False
        data = self._envelope.deliver(self.reply_tag, self._next_tag(), False, message, message.properties.raw)
        self.peer.send(data)
        return True

    def _with_reply_address(self, properties: Properties) -> Properties:
        if self.reply_tag is None:
            raise AmqpError(PRECONDITION_FAILED, "fast reply consumer does not exist")
        return properties.with_text("reply_to", self._reply_address)


def _as_delivered(entry: Entry, queue: Queue) -> bytes:
    """Quorum queues tell how often the message came back."""
    properties = entry.message.properties
    if queue.arguments.quorum and entry.returns:
        properties = properties.with_headers({"x-delivery-count": entry.returns})
    return properties.raw
