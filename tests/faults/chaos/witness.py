"""A subscriber of our own to every event: the witness that stands outside the system."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import aio_pika

from shared import topology
from shared.envelope import decode
from shared.events import JobEvent

QUEUE = "chaos.witness"
REQUESTS = frozenset(topology.QUEUE_OF_REQUEST)


@dataclass(slots=True)
class Heard:
    """`outcomes` are the ids of the events that ended a job, by job; `copies` counts messages that repeated an earlier one."""

    messages: int = 0
    copies: int = 0
    requests: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    outcomes: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


async def subscribe(broker_url: str) -> None:
    """Keep every event from now on, however often the broker restarts.

    Long before the first of them: RabbitMQ 3.10 can lose the leader of a quorum queue that was declared seconds before it is killed,
    and then confirms no event any more.
    """
    async with await aio_pika.connect(broker_url, timeout=10) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
        await queue.bind(topology.EVENTS_EXCHANGE, "#")


async def what_was_heard(broker_url: str) -> Heard:
    """What was published since `subscribe`, or since the last call."""
    heard, seen = Heard(), set[str]()
    async with await aio_pika.connect(broker_url, timeout=10) as connection, asyncio.timeout(120):
        channel = await connection.channel()
        queue = await channel.declare_queue(QUEUE, passive=True)
        left = queue.declaration_result.message_count or 0
        async with queue.iterator(no_ack=True) as messages:
            while left:
                message = await anext(messages)
                event = decode(message.headers, message.content_type, message.body)
                heard.messages, left = heard.messages + 1, left - 1
                heard.copies += str(event.event_id) in seen
                seen.add(str(event.event_id))
                if isinstance(event, JobEvent):
                    told = heard.requests if event.type in REQUESTS else heard.outcomes
                    told[str(event.job_id)].add(str(event.event_id))
    return heard


async def queue_depths(broker_url: str) -> list[str]:
    """A line for each queue: messages and consumers."""
    declared = await _declared(
        broker_url, [name for queue in topology.WORK_QUEUES for name in (queue.name, queue.dead_name)]
    )
    return [f"{name}: {messages} messages, {consumers} consumers" for name, (messages, consumers) in declared.items()]


async def waiting_messages(broker_url: str) -> int:
    """Messages that wait in the work queues for a consumer."""
    declared = await _declared(broker_url, [queue.name for queue in topology.WORK_QUEUES])
    return sum(messages for messages, _ in declared.values())


async def _declared(broker_url: str, names: Sequence[str]) -> dict[str, tuple[int, int]]:
    """(ready messages, consumers) by queue."""
    async with await aio_pika.connect(broker_url, timeout=10) as connection:
        channel = await connection.channel()
        found: dict[str, tuple[int, int]] = {}
        for name in names:
            result = (await channel.declare_queue(name, passive=True, timeout=5)).declaration_result
            found[name] = (result.message_count or 0, result.consumer_count or 0)
        return found
