"""Stop all calls to AI models, and let them go on."""

import structlog

from gateway.ai_ports import AiSwitch, SwitchState

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


class SwitchAi:
    """Repeating either changes nothing: the first who stopped, and why, stays known."""

    def __init__(self, switch: AiSwitch) -> None:
        self._switch = switch

    async def stop(self, actor: str, reason: str) -> SwitchState:
        """No call begins after this. Raises Unavailable("postgres")."""
        state = await self._switch.stop(actor, reason)
        log.warning("ai.stopped", actor=actor)
        return state

    async def resume(self, actor: str, reason: str) -> SwitchState:
        """Raises Unavailable("postgres")."""
        state = await self._switch.resume(actor, reason)
        log.warning("ai.resumed", actor=actor)
        return state
