"""The switch with which an operator stops all AI calls, as one worker sees it.

That no call begins after a stop is decided where calls are written down. Here deliveries are kept waiting meanwhile, so that a stop
costs the jobs behind it no claims and no look-ups.
"""

import structlog
from sqlalchemy import select

from shared.clock import Clock
from shared.db.engine import Database
from shared.db.tables import ai_switch
from shared.errors import Unavailable
from shared.health import CheckStatus

LOOK_EVERY_S = 0.5
MAX_WAIT_S = 300.0
"""A delivery that waits longer than the broker's patience takes its channel with it; until then it may as well find its job ended."""
_STOPPED = select(ai_switch.c.stopped_at).where(ai_switch.c.stopped_at.is_not(None))

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


class KillSwitch:
    """`stopped` is what a call found out; from then on whoever waits looks every half second whether calls are allowed again."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._stopped = False
        self._look_at_s = 0.0

    def stopped(self) -> None:
        """Nobody begins an attempt until calls are allowed again."""
        if not self._stopped:
            log.warning("ai.stopped")
        self._stopped = True

    async def admitted(self) -> None:
        """Return when a call may begin, as far as is known here, or after `MAX_WAIT_S` seconds."""
        give_up_s = self._clock.monotonic() + MAX_WAIT_S
        while self._stopped and self._clock.monotonic() < give_up_s:
            if self._clock.monotonic() >= self._look_at_s:
                self._look_at_s = self._clock.monotonic() + LOOK_EVERY_S
                await self.status()
            else:
                await self._clock.sleep(LOOK_EVERY_S)

    async def status(self) -> CheckStatus:
        """`degraded` while calls are stopped, or while nobody can tell: what is stored is still served, so the process stays ready."""
        try:
            stopped = (await self._database.read(_STOPPED)).scalar() is not None
        except Unavailable:
            return CheckStatus.DEGRADED
        if stopped:
            self.stopped()
        elif self._stopped:
            log.warning("ai.resumed")
            self._stopped = False
        return CheckStatus.DEGRADED if stopped else CheckStatus.OK
