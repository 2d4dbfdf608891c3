"""The circuit between this process and a model of its AI provider: open while a call would be useless.

What a call found out holds for all others too. Whoever has not begun yet waits in `admitted`, so that an outage, a limit or a refused key
costs the jobs behind it neither attempts nor calls.
"""

from collections.abc import Sequence

import structlog

from shared.clock import Clock
from shared.health import CheckStatus

FAILURES_TO_OPEN = 5
FAILING_S = (5.0, 10.0, 20.0, 40.0, 60.0)
REFUSED_S = (30.0, 60.0, 120.0, 300.0)
"""A key does not mend itself: a person has to act, and sees from the pauses that nothing is being spent meanwhile."""
MAX_THROTTLED_S = 60.0
PROBE_EVERY_S = 1.0

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


class Circuit:
    """Opens after `FAILURES_TO_OPEN` failures in a row, or one refusal of the key; each further one makes the pause longer.

    After a pause one caller a second is let through until an answer comes: nobody has to report back that he never made his call.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures = 0
        self._pauses = 0
        self._refused = False
        self._closed_until_s = 0.0
        self._next_probe_s = 0.0

    async def admitted(self) -> None:
        """Return when a call has a chance: at once while the circuit is closed."""
        while (left_s := self.try_enter()) > 0:
            await self._clock.sleep(min(left_s, PROBE_EVERY_S))

    def try_enter(self) -> float:
        """0 when a call may be made now; else the seconds until it may be tried again."""
        left_s = self.pause_s
        if left_s <= 0 and self._pauses:
            self._next_probe_s = self._clock.monotonic() + PROBE_EVERY_S
        return max(left_s, 0.0)

    @property
    def pause_s(self) -> float:
        """Seconds until the next call may be tried."""
        return max(self._closed_until_s, self._next_probe_s) - self._clock.monotonic()

    async def status(self) -> CheckStatus:
        """`degraded` while the provider is given a rest: what is stored is still served, so the process stays ready."""
        return CheckStatus.DEGRADED if self._pauses else CheckStatus.OK

    def answered(self) -> None:
        """The provider works, whatever it thought of this call."""
        if self._pauses:
            log.warning("ai.recovered", pauses=self._pauses)
        self._failures = self._pauses = 0
        self._refused = False
        self._closed_until_s = self._next_probe_s = 0.0

    def throttled(self, retry_after_s: float | None) -> None:
        """The limit is everybody's: nobody else runs into it before it is over."""
        pause_s = min(PROBE_EVERY_S if retry_after_s is None else retry_after_s, MAX_THROTTLED_S)
        self._closed_until_s = max(self._closed_until_s, self._clock.monotonic() + pause_s)

    def failed(self) -> None:
        """The provider is broken or cannot be reached."""
        self._failures += 1
        if self._failures >= FAILURES_TO_OPEN and self._open(FAILING_S):
            log.warning("ai.paused", failures=self._failures, pause_s=round(self.pause_s))

    def refused(self, status: int) -> float:
        """The provider takes no call with this key; the seconds until one is tried again. One error is logged per episode."""
        if not self._refused:
            log.error("ai.refused", status=status, meaning="the key or its quota does not allow any call")
            self._refused = True
        self._open(REFUSED_S)
        return max(self.pause_s, 0.0)

    def _open(self, ladder_s: Sequence[float]) -> bool:
        now = self._clock.monotonic()
        if now < self._closed_until_s:  # calls that were already under way say nothing new
            return False
        self._closed_until_s = now + ladder_s[min(self._pauses, len(ladder_s) - 1)]
        self._pauses += 1
        return True
