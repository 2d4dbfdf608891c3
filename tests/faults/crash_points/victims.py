"""Processes of our services with one crash point armed.

They are forked from a process that has imported every service already. Importing takes a service three seconds of CPU: sixty starts would
spend most of the module on it. What runs after the fork is the service's own `__main__`.
"""

import multiprocessing
import os
import runpy
import signal
from multiprocessing.context import ForkServerProcess

from tests.support.fleet import SERVICES, Service
from tests.support.processes import wait_until

from shared.faults import Mode, witness

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload([f"{module}.app" for module in SERVICES])


class Victim:
    """One process that goes wrong when it comes by `point` for the time that `passes` names."""

    def __init__(self, service: Service, point: str, mode: Mode, passes: int = 1) -> None:
        self._service = service
        self._witness = witness(point, mode)
        environment = {**service.environment, "FAULTS": f"{point}={mode}@{passes}"}
        self._process: ForkServerProcess = _forks.Process(
            target=_serve, args=(service.module, environment, str(service.log)), name=service.name
        )
        self._process.start()

    @property
    def url(self) -> str:
        return self._service.url

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    @property
    def struck(self) -> bool:
        """Whether it came by the point."""
        return self._witness in self._log()

    def wait_serving(self) -> None:
        """Return when it answers requests or, if it is a worker, when it is subscribed to its queue."""
        gateway = self._service.module == "gateway"

        def serving() -> bool:
            assert self.alive, self.describe()
            return self._service.ready() if gateway else '"broker.connected"' in self._log()

        wait_until(serving, self._service.name)

    def ended(self) -> int:
        """The exit status, once it has ended by itself."""
        self._process.join(40)
        assert self._process.exitcode is not None, f"did not end: {self.describe()}"
        return self._process.exitcode

    def kill(self) -> None:
        self._process.kill()
        self._process.join()

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        assert self._process.pid is not None
        os.kill(self._process.pid, signal.SIGTERM)
        return self.ended()

    def describe(self) -> str:
        """The end of its log."""
        return f"{self._service.name}:\n{self._service.tail()}"

    def _log(self) -> str:
        log = self._service.log
        return log.read_text(errors="replace") if log.exists() else ""


def _serve(module: str, environment: dict[str, str], log: str) -> None:
    """Be `python -m module`, in a session of its own."""
    os.setsid()
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.environ.clear()
    os.environ.update(environment)
    runpy.run_module(module, run_name="__main__", alter_sys=True)
