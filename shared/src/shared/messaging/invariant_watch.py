"""The invariants of the running system, looked at again and again by one process of a deployment."""

from collections.abc import Callable, Sequence

import structlog
from opentelemetry import metrics

from shared.clock import Clock
from shared.db.engine import Database, PoolOptions
from shared.db.leadership import Leadership, leading
from shared.errors import Unavailable
from shared.invariants import Evidence, Result, check_all
from shared.invariants.levels import read_levels
from shared.telemetry.metrics import Gauges

MEASURE_EVERY_S = 15.0
CONNECTIONS = PoolOptions(size=2)
"""One holds the leadership, one asks. They are the watch's own, so that no check takes a connection from a request."""
_LOCK = 0x6D6F_7669_6E76

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


class InvariantWatch:
    """Checks every `every_s` seconds and measures levels more often, while no other process does; 0 switches it off.

    A violation is logged as an error and counted in a gauge. Whatever happens here stops nothing else.
    """

    def __init__(
        self,
        database_url: str,
        look: Callable[[Database], Evidence],
        clock: Clock,
        gauges: Gauges | None = None,
        *,
        every_s: float,
    ) -> None:
        """`look` says what is checked, given the watch's own connections."""
        self._database_url = database_url
        self._look = look
        self._clock = clock
        self._gauges = gauges or Gauges(metrics.get_meter("moviemind"))
        self._every_s = every_s
        self._measure_every_s = min(MEASURE_EVERY_S, every_s)

    async def run(self) -> None:
        """Watch until cancelled; return at once when switched off."""
        if not self._every_s:
            return
        async with Database.open(self._database_url, "invariants", CONNECTIONS) as database:
            while True:
                await self._clock.sleep(self._measure_every_s)
                try:
                    async with leading(database, _LOCK) as leadership:
                        if leadership is not None:
                            log.info("invariants.leading")
                            await self._lead(leadership, self._look(database))
                except Unavailable as away:
                    log.warning("invariants.skipped", dependency=away.dependency)
                except Exception:  # a broken check must not end the service
                    log.exception("invariants.crashed")
                finally:
                    self._gauges.clear()

    async def _lead(self, leadership: Leadership, evidence: Evidence) -> None:
        checked_at = self._clock.monotonic()
        while True:
            await leadership.confirm()
            levels = await read_levels(evidence.database)
            self._gauges.levels(
                outbox_rows=levels.outbox_rows,
                oldest_due_age_s=levels.oldest_due_age_s,
                active_jobs=levels.active_jobs,
            )
            if self._clock.monotonic() - checked_at >= self._every_s:
                checked_at = self._clock.monotonic()
                self._report(await check_all(evidence))
            await self._clock.sleep(self._measure_every_s)

    def _report(self, results: Sequence[Result]) -> None:
        for result in results:
            for violation in result.violations:
                log.error(
                    "invariant.violated",
                    invariant=violation.invariant,
                    violation=violation.sentence,
                    count=violation.count,
                    ids=list(violation.samples),
                )
            if result.unchecked:
                log.warning("invariant.unchecked", invariant=result.invariant.id, reasons=list(result.unchecked))
        # part of an invariant is no count of it: unless something was found anyway, it is not reported
        known = [result for result in results if result.checked or result.violations]
        self._gauges.violations(
            {result.invariant.id: sum(violation.count for violation in result.violations) for result in known}
        )
