"""Where chaos happens: private servers and a fleet on them, every process of which can be taken away and brought back."""

import asyncio
import contextlib
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.faults.chaos import witness
from tests.faults.chaos.plan import INSTANCES, LEASE_S, SERVERS, Termination
from tests.support import servers
from tests.support.fleet import Fleet, Service, fleet
from tests.support.processes import Server, stop_tree, wait_until

SETTINGS = {
    "JOB_LEASE_S": f"{LEASE_S:g}",
    "JOB_RETRY_LADDER_S": "0.2,0.5,1",
    "JOB_DEADLINE_S": "240",
    "OPENAI_TIMEOUT_S": "4",
    "PUBLIC_BASE_URL": "http://chaos.test",  # one for both gateways, as they share a cache
    "TRACES_SAMPLE_RATIO": "0",  # two cores are few for eight services
}
READY_S = 90.0
LIVES = 9


@dataclass(slots=True)
class Arena:
    """`done` counts what was done to whom, by (termination, kind of process); `ended` who ended without being told to."""

    fleet: Fleet
    servers: dict[str, Server]
    done: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    restarts: Counter[str] = field(default_factory=Counter[str])
    ended: list[str] = field(default_factory=list[str])
    unclean: list[str] = field(default_factory=list[str])
    away: set[str] = field(default_factory=set[str])
    while_waiting: Callable[[], None] = lambda: None

    @property
    def gateways(self) -> list[str]:
        return [self.fleet.services[name].url for name in INSTANCES["gateway"]]

    def take_away(self, names: Sequence[str], termination: Termination) -> None:
        """Terminate or pause all of `names` at once."""
        self.away.update(names)
        for name in names:
            self.done[termination, kind(name)] += 1
            self._signal(name, termination)
        if termination is Termination.TERM:
            for name in names:
                self._await_end(name)

    def bring_back(self, names: Sequence[str]) -> None:
        """Start or resume all of `names`; returns when everything is ready."""
        for name in names:
            self.revive(name)
        self.away.difference_update(names)
        self.wait_ready()

    def wait_ready(self) -> None:
        """Raises TimeoutError, naming the process, when one is not ready within `READY_S`."""
        for name, service in self.fleet.services.items():
            if name not in self.away:
                wait_until(lambda service=service: self._attended(service), name, READY_S)

    def attend(self) -> None:
        """Start what ended by itself again, as any supervisor would. Raises TimeoutError for one that cannot stay alive."""
        for name, service in self.fleet.services.items():
            if name not in self.away and not service.alive:
                status = service.process.returncode if service.process else None
                self.ended.append(f"{name} ended by itself with status {status}")
                if self.ended.count(self.ended[-1]) > LIVES:
                    raise TimeoutError(f"{name} ended by itself {LIVES} times:\n{service.tail()}")
                self._start(name)

    def heal(self) -> None:
        """Bring everything back, and let the providers work."""
        for name in (*SERVERS, *self.fleet.services):
            self.revive(name)
        self.away.clear()
        self.fleet.heal()
        self.wait_ready()

    def revive(self, name: str) -> None:
        """Resume `name` if it lives, else start it; returns without waiting for a service."""
        process = self._process(name)
        if process.process is not None and process.process.poll() is None:
            process.signal(signal.SIGCONT)
        else:
            self._start(name)

    def _signal(self, name: str, termination: Termination) -> None:
        process = self._process(name)
        match termination:
            case Termination.KILL:
                process.kill()
            case Termination.STOP:
                process.signal(signal.SIGSTOP)
            case Termination.TERM if isinstance(process, Service):
                process.signal(signal.SIGTERM)
            case Termination.TERM:
                assert process.process is not None
                # PostgreSQL would wait for its clients after SIGTERM; SIGINT is the stop that containers use
                stop_tree(process.process, signal.SIGINT if name == "postgres" else signal.SIGTERM)

    def _await_end(self, name: str) -> None:
        process = self._process(name)
        if not isinstance(process, Service):
            return
        try:
            status = process.ended(45)
        except subprocess.TimeoutExpired:
            process.kill()
            self.unclean.append(f"{name} had not ended 45 s after SIGTERM")
        else:
            if status != 0:
                self.unclean.append(f"{name} ended with status {status} after SIGTERM")

    def _start(self, name: str) -> None:
        self.restarts[kind(name)] += 1
        process = self._process(name)
        if isinstance(process, Service):
            process.spawn()
        else:
            process.start()

    def _attended(self, service: Service) -> bool:
        self.attend()
        self.while_waiting()
        return service.ready()

    def _process(self, name: str) -> Server | Service:
        return self.servers.get(name) or self.fleet.services[name]


def kind(name: str) -> str:
    """What an instance is one of."""
    return name.rpartition("-")[0] or name


@contextmanager
def private_servers() -> Generator[dict[str, Server]]:
    """Servers of our own; the embedded broker where no RabbitMQ is installed."""
    started: dict[str, Server] = {}
    try:
        started["postgres"] = servers.start_postgres()
        started["redis"] = servers.start_redis()
        started["rabbitmq"] = servers.start_rabbitmq() or servers.start_embedded_broker()
        yield started
    finally:
        for server in started.values():
            with contextlib.suppress(AssertionError):
                server.signal(signal.SIGCONT)
            server.stop()


@contextmanager
def arena(private: dict[str, Server]) -> Generator[Arena]:
    """A whole, ready system; whatever state it is left in, it is gone afterwards."""
    with fleet(private["postgres"], private["rabbitmq"], private["redis"], SETTINGS) as made:
        asyncio.run(witness.subscribe(made.broker_url))
        made.sandbox.start()
        for service, names in INSTANCES.items():
            for name in names:
                made.add(service, name)
        ready = Arena(made, private)
        for service in made.services.values():
            service.spawn()
        ready.wait_ready()
        try:
            yield ready
        finally:
            for name in SERVERS:
                ready.revive(name)
            for service in made.services.values():  # all at once: one after the other takes half a minute
                service.signal(signal.SIGCONT)
                service.signal(signal.SIGTERM)
