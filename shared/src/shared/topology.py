"""Exchanges, queues and bindings as plain data; their names are spelled nowhere else.

`definitions()` renders the same data as the document RabbitMQ imports at boot.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.events import (
    EntityChanged,
    Event,
    GenerationCompleted,
    GenerationRequested,
    RefreshCompleted,
    RefreshRequested,
)

EVENTS_EXCHANGE = "moviemind.events"
RETRY_EXCHANGE = "moviemind.retry"
DEAD_EXCHANGE = "moviemind.dead"
COMPLETIONS_EXCHANGE = "moviemind.completions"
"""Fanout of every completion and failure: a gateway hangs its own exclusive queue here, for hints that wake its waiters."""
COMPLETION_KEYS = ("*.completed.*", "*.failed.*")

EXCHANGES = (
    (EVENTS_EXCHANGE, "topic"),
    (RETRY_EXCHANGE, "direct"),
    (DEAD_EXCHANGE, "direct"),
    (COMPLETIONS_EXCHANGE, "fanout"),
)

DELIVERY_LIMIT = 100
"""A net only: attempts are counted in Postgres, and a graceful stop burns deliveries of untouched messages."""
DEAD_DELIVERY_LIMIT = 1_000_000
"""Dead letters stay until PostgreSQL has them: since RabbitMQ 4.0 a queue without a limit drops what was returned 20 times.

A policy, because arguments of a queue that exists cannot be changed.
"""
MAX_LENGTH = 1_000_000
"""A fuse against build-up; a full queue refuses publishes, and the outbox keeps the rows."""
CONSUMER_TIMEOUT_MS = 1_800_000
"""RabbitMQ's default, stated because the longest handler must stay below it (the generator checks at its start)."""


@dataclass(frozen=True, slots=True)
class WorkQueue:
    """One durable quorum queue per (consumer, purpose), with its dead-letter queue."""

    consumer: str
    purpose: str
    events: tuple[type[Event], ...]
    prefetch: int

    @property
    def name(self) -> str:
        return f"{self.consumer}.{self.purpose}"

    @property
    def dead_name(self) -> str:
        return f"{self.name}.dead"

    @property
    def binding_keys(self) -> tuple[str, ...]:
        return tuple(f"{event.type}.*" for event in self.events)

    @property
    def arguments(self) -> dict[str, Any]:
        return {
            "x-queue-type": "quorum",
            "x-delivery-limit": DELIVERY_LIMIT,
            "x-dead-letter-exchange": DEAD_EXCHANGE,
            "x-dead-letter-routing-key": self.name,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
            "x-max-length": MAX_LENGTH,
            "x-consumer-timeout": CONSUMER_TIMEOUT_MS,
        }

    @property
    def dead_arguments(self) -> dict[str, Any]:
        return {"x-queue-type": "quorum"}


GENERATION_REQUESTS = WorkQueue("generator", "generation-requested", (GenerationRequested,), prefetch=32)
REFRESH_REQUESTS = WorkQueue("tmdb-sync", "refresh-requested", (RefreshRequested,), prefetch=8)
INVALIDATIONS = WorkQueue(
    "cache-invalidator", "invalidations", (GenerationCompleted, RefreshCompleted, EntityChanged), prefetch=64
)
WORK_QUEUES = (GENERATION_REQUESTS, REFRESH_REQUESTS, INVALIDATIONS)

AWAITED = frozenset(event.type for queue in WORK_QUEUES for event in queue.events)
"""Events that a queue of ours must take. The others are news for whoever listens: nobody may, while all gateways are down."""

QUEUE_OF_REQUEST: Mapping[str, WorkQueue] = {
    GenerationRequested.type: GENERATION_REQUESTS,
    RefreshRequested.type: REFRESH_REQUESTS,
}
"""The queue a request event is worked from: where the sweep sends it again."""


def definitions() -> dict[str, Any]:
    """The document `rabbitmqctl import_definitions` takes: exchanges, queues, bindings and a policy of the default virtual host."""
    queues = [(queue.name, queue.arguments) for queue in WORK_QUEUES] + [
        (queue.dead_name, queue.dead_arguments) for queue in WORK_QUEUES
    ]
    return {
        "vhosts": [{"name": "/"}],
        "policies": [
            {
                "name": "dead-letters-stay",
                "vhost": "/",
                "pattern": "[.]dead$",
                "apply-to": "queues",
                "priority": 0,
                "definition": {"delivery-limit": DEAD_DELIVERY_LIMIT},
            }
        ],
        "exchanges": [
            {
                "name": name,
                "vhost": "/",
                "type": kind,
                "durable": True,
                "auto_delete": False,
                "internal": False,
                "arguments": {},
            }
            for name, kind in EXCHANGES
        ],
        "queues": [
            {"name": name, "vhost": "/", "durable": True, "auto_delete": False, "arguments": arguments}
            for name, arguments in queues
        ],
        "bindings": [
            {
                "source": source,
                "vhost": "/",
                "destination": queue,
                "destination_type": "queue",
                "routing_key": key,
                "arguments": {},
            }
            for source, queue, key in bindings()
        ]
        + [
            {
                "source": EVENTS_EXCHANGE,
                "vhost": "/",
                "destination": COMPLETIONS_EXCHANGE,
                "destination_type": "exchange",
                "routing_key": key,
                "arguments": {},
            }
            for key in COMPLETION_KEYS
        ],
    }


def bindings() -> list[tuple[str, str, str]]:
    """Every (exchange, queue, routing key) there is."""
    found: list[tuple[str, str, str]] = []
    for queue in WORK_QUEUES:
        found += [(EVENTS_EXCHANGE, queue.name, key) for key in queue.binding_keys]
        found += [(RETRY_EXCHANGE, queue.name, queue.name), (DEAD_EXCHANGE, queue.dead_name, queue.name)]
    return found
