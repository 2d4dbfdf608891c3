"""An operator over a fleet: the admin API, and a hand in the broker's queues."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import aio_pika
import httpx
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from tests.support.fleet import Fleet
from tests.support.processes import wait_until

from shared import topology
from shared.topology import DELIVERY_LIMIT, WorkQueue

TOKEN = "an-operator-token-of-32-characters"
PATIENCE_S = 60.0
T = TypeVar("T")


@dataclass(slots=True)
class Operator:
    fleet: Fleet

    def call(self, method: str, path: str = "", body: Mapping[str, Any] | None = None) -> httpx.Response:
        """A request below `/api/v1/admin/dead-letters`."""
        url = f"{self.fleet.services['gateway'].url}/api/v1/admin/dead-letters{path}"
        return httpx.request(method, url, json=body, headers={"X-Admin-Token": TOKEN}, timeout=30)

    def letters(self, **filters: str) -> list[dict[str, Any]]:
        query = "&".join(f"{name}={value}" for name, value in filters.items())
        return cast("list[dict[str, Any]]", self.call("GET", f"?{query}").raise_for_status().json()["data"])

    def letter(self, **filters: str) -> dict[str, Any]:
        """The one letter that fits, once it is there."""
        self.wait(lambda: len(self.letters(**filters)) > 0, f"a letter {filters}")
        (found,) = self.letters(**filters)
        return found

    def wait(self, holds: Callable[[], bool], what: str) -> None:
        wait_until(holds, what, PATIENCE_S)

    def accept(self, slug: str) -> str:
        """The id of a job that was accepted and whose event has left the outbox."""
        with self.fleet.client() as client:
            answer = client.post("/api/v1/generate", json={"entity_type": "MOVIE", "slug": slug})
        assert answer.status_code == 202, answer.text
        self.wait(lambda: not self.fleet.rows("SELECT FROM outbox"), "an empty outbox")
        return str(answer.json()["job_id"])

    def finished(self, job_id: str) -> str:
        """The last status of a job, once it has one."""
        self.wait(lambda: self.status(job_id) in {"DONE", "FAILED", "CANCELLED"}, f"the end of {job_id}")
        return self.status(job_id)

    def status(self, job_id: str) -> str:
        return str(self.fleet.rows("SELECT status FROM jobs WHERE id = $1::uuid", job_id)[0]["status"])

    def publish(
        self, exchange: str, key: str, body: bytes, headers: Mapping[str, Any], content_type: str = "application/json"
    ) -> None:
        """A message as somebody else would send it."""

        async def work(channel: AbstractChannel) -> None:
            message = aio_pika.Message(body, headers=dict(headers), content_type=content_type)
            await (await channel.get_exchange(exchange, ensure=False)).publish(message, key, timeout=10)

        self._on_broker(work)

    def bury(self, queue: WorkQueue, count: int = 1) -> None:
        """Refuse the next `count` messages, so that the broker lays them in the dead-letter queue."""

        async def work(channel: AbstractChannel) -> None:
            for _ in range(count):
                await (await _next(channel, queue.name)).reject(requeue=False)

        self._on_broker(work)

    def exhaust(self, queue: WorkQueue) -> None:
        """Take the next message and return it until the broker gives up."""

        async def work(channel: AbstractChannel) -> None:
            for _ in range(DELIVERY_LIMIT + 1):
                await (await _next(channel, queue.name)).reject(requeue=True)

        self._on_broker(work)

    def take(self, queue: WorkQueue) -> AbstractIncomingMessage:
        """The next message, which stays in the queue."""

        async def work(channel: AbstractChannel) -> AbstractIncomingMessage:
            return await _next(channel, queue.name)

        return self._on_broker(work)

    def ready(self, name: str) -> int:
        async def work(channel: AbstractChannel) -> int:
            declared = await channel.declare_queue(name, passive=True)
            return declared.declaration_result.message_count or 0

        return self._on_broker(work)

    def _on_broker(self, work: Callable[[AbstractChannel], Awaitable[T]]) -> T:
        async def connected() -> T:
            async with asyncio.timeout(PATIENCE_S), _channel(self.fleet.broker_url) as channel:
                return await work(channel)

        return asyncio.run(connected())


@asynccontextmanager
async def _channel(url: str) -> AsyncGenerator[AbstractChannel]:
    connection = await aio_pika.connect(url, timeout=10)
    async with connection:
        yield await connection.channel()


async def _next(channel: AbstractChannel, name: str) -> AbstractIncomingMessage:
    """A quorum queue shows a returned message again only after a moment."""
    queue = await channel.get_queue(name, ensure=False)
    while True:
        message = await queue.get(fail=False, timeout=10)
        if message is not None:
            return message


def dead(queue: WorkQueue) -> tuple[str, str]:
    """Exchange and routing key by which the broker's own dead letters of `queue` travel."""
    return topology.DEAD_EXCHANGE, queue.name
