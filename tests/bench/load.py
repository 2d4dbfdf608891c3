"""The load generator: a process of its own that speaks HTTP/1.1 over keep-alive connections and notes every latency.

Closed loop: each connection sends its next request when the last answer is complete. Open loop: requests fall due at a fixed rate, and
their latency counts from the moment they were due, so that a stalled server cannot hide behind requests that were never sent.
"""

import array
import asyncio
import json
import subprocess
import sys
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from typing import Any, cast

import httptools
import uvloop

NUMBER = "000000000"
"""In a request: replaced by a number of nine digits that grows by one with every request."""


@dataclass(frozen=True, slots=True)
class Load:
    """What to send, and until when: `requests` in all, or for `seconds` after `warm_up_s` that are not counted."""

    port: int
    request: str
    expected: int
    connections: int
    seconds: float = 0.0
    requests: int = 0
    warm_up_s: float = 0.0
    rate: float = 0.0
    first: int = 1
    body_bytes: int = 0
    may_break: bool = False
    keep_bodies: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """`sent` counts all requests that were begun, `answered` those inside the measured time. `cpu_share` is what the generator needed."""

    sent: int
    answered: int
    seconds: float
    p50_ms: float
    p99_ms: float
    cpu_share: float
    broken: int = 0
    bodies: list[str] = field(default_factory=list[str])

    @property
    def rate(self) -> float:
        return self.answered / self.seconds if self.seconds else 0.0


class LoadFailed(Exception):
    """An answer was not the expected one, or a connection broke."""


def run_load(load: Load) -> Measured:
    """Run `load` in a process of its own. Raises LoadFailed."""
    limit_s = 120 + load.warm_up_s + 4 * load.seconds + load.requests / 10
    command = [sys.executable, "-m", "tests.bench.load"]
    run = subprocess.run(
        command, input=json.dumps(asdict(load)), capture_output=True, text=True, timeout=limit_s, check=False
    )
    if run.returncode != 0:
        raise LoadFailed((run.stderr.strip().splitlines() or ["the load generator died"])[-1])
    return Measured(**json.loads(run.stdout))


def percentile(ordered: list[float], share: float) -> float:
    """The nearest-rank percentile; 0 of nothing."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class _Client:
    """Owns the connections and what was measured."""

    def __init__(self, load: Load, loop: asyncio.AbstractEventLoop) -> None:
        head, _, tail = load.request.partition(NUMBER)
        self._parts = tuple(part.encode() for part in (head, *tail.split(NUMBER))) if NUMBER in load.request else None
        self._whole = load.request.encode()
        self._load = load
        self._loop = loop
        self._next = load.first
        self._due: deque[float] = deque()
        self._idle: deque[_Connection] = deque()
        self._open = 0
        self.statuses: Counter[int] = Counter()
        self.latencies = array.array("d")
        self.bodies: list[str] = []
        self.broken = 0
        self.began = self.ended = 0.0
        self.done: asyncio.Future[None] = loop.create_future()

    @property
    def sent(self) -> int:
        return self._next - self._load.first

    async def run(self) -> None:
        load = self._load
        connections: list[_Connection] = []
        for _ in range(load.connections):
            _, connection = await self._loop.create_connection(lambda: _Connection(self), "127.0.0.1", load.port)
            connections.append(connection)
        self._open = len(connections)
        self.began = time.perf_counter() + load.warm_up_s
        self.ended = self.began + load.seconds if load.seconds else float("inf")
        if load.rate:
            self._idle.extend(connections)
            self._fall_due(time.perf_counter())
        else:
            for connection in connections:
                self.go_on(connection)
        await self.done
        if self.ended == float("inf"):
            self.ended = time.perf_counter()

    def go_on(self, connection: "_Connection") -> None:
        """Send the next request over `connection`, or let it rest."""
        now = time.perf_counter()
        if self._load.rate:
            if self._due:
                connection.send(self._request(), self._due.popleft())
            else:
                self._idle.append(connection)
                self._finish_when_idle(now)
        elif now < self.ended and not (self._load.requests and self.sent >= self._load.requests):
            connection.send(self._request(), now)
        else:
            self._rest(connection)

    def answered(self, status: int, size: int, began: float, body: bytes) -> None:
        self.statuses[status] += 1
        now = time.perf_counter()
        if status != self._load.expected or (self._load.body_bytes and size != self._load.body_bytes):
            self.fail(f"status {status} with {size} bytes instead of {self._load.expected}: {body[:300]!r}")
        if self.began <= began and (self._load.rate or now <= self.ended):
            self.latencies.append(now - began)
        if self._load.keep_bodies:
            self.bodies.append(body.decode())

    def lost(self, *, waiting: bool) -> None:
        """A connection ended by itself."""
        if self.done.done():
            return
        if not self._load.may_break:
            self.fail("the server closed a connection")
            return
        self.broken += waiting
        self._open -= 1
        if self._open == 0:
            self.done.set_result(None)

    def fail(self, reason: str) -> None:
        if not self.done.done():
            self.done.set_exception(LoadFailed(reason))

    def _request(self) -> bytes:
        number, self._next = self._next, self._next + 1
        return self._whole if self._parts is None else (b"%09d" % number).join(self._parts)

    def _rest(self, connection: "_Connection") -> None:
        self._open -= 1
        connection.close()
        if self._open == 0 and not self.done.done():
            self.done.set_result(None)

    def _fall_due(self, due: float) -> None:
        """One request is due now; the clock of the schedule never slips."""
        now = time.perf_counter()
        while due <= now and due < self.ended:
            self._due.append(due)
            due += 1 / self._load.rate
        while self._due and self._idle:
            self._idle.popleft().send(self._request(), self._due.popleft())
        if due < self.ended:
            self._loop.call_later(due - time.perf_counter(), self._fall_due, due)
        else:
            self._finish_when_idle(now)

    def _finish_when_idle(self, now: float) -> None:
        over = now + 1 / self._load.rate >= self.ended
        if over and not self._due and len(self._idle) == self._open and not self.done.done():
            self.done.set_result(None)


class _Connection(asyncio.Protocol):
    def __init__(self, client: _Client) -> None:
        self._client = client
        self._parser = httptools.HttpResponseParser(self)
        self._began = 0.0
        self._size = 0
        self._body = b""
        self._waiting = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def send(self, request: bytes, began: float) -> None:
        self._began, self._size, self._body, self._waiting = began, 0, b"", True
        if self._transport is not None:
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        self._body += body

    def on_message_complete(self) -> None:
        self._waiting = False
        self._client.answered(self._parser.get_status_code(), self._size, self._began, self._body)
        self._client.go_on(self)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._transport = None
            self._client.lost(waiting=self._waiting)

    def close(self) -> None:
        if self._transport is not None:
            transport, self._transport = self._transport, None
            transport.close()


async def _measure(load: Load) -> Measured:
    client = _Client(load, asyncio.get_running_loop())
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    await client.run()
    cpu_share = (time.process_time() - cpu_s) / (time.perf_counter() - wall_s)
    ordered = sorted(client.latencies)
    return Measured(
        sent=client.sent,
        answered=len(ordered),
        seconds=client.ended - client.began,
        p50_ms=percentile(ordered, 0.5) * 1000,
        p99_ms=percentile(ordered, 0.99) * 1000,
        cpu_share=cpu_share,
        broken=client.broken,
        bodies=client.bodies,
    )


def main() -> int:
    given: dict[str, Any] = json.load(sys.stdin)
    try:
        measured = uvloop.run(_measure(Load(**given)))
    except (LoadFailed, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    json.dump(asdict(measured), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
