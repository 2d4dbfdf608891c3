"""One circuit per model: an outage of one model keeps no job from asking another."""

from collections.abc import Sequence

from generator.adapters.circuit import PROBE_EVERY_S, Circuit
from shared.clock import Clock
from shared.errors import Transient, failure
from shared.health import CheckStatus
from shared.jobs import FailureType


class Circuits:
    """The circuits of the models that jobs may ask at one endpoint.

    With one model, attempts wait unclaimed in `admitted` until its circuit lets them through. With several, they wait there only while no
    model can be asked: whoever wants another one must not stand behind them in the queue. Their own model's circuit then sends them away
    in `enter`, which costs no attempt.
    """

    def __init__(self, clock: Clock, models: Sequence[str]) -> None:
        self._clock = clock
        self._circuits = {model: Circuit(clock) for model in models}

    def of(self, model: str) -> Circuit:
        return self._circuits[model]

    async def admitted(self) -> None:
        """Return when a call to some model has a chance."""
        if len(self._circuits) == 1:
            await next(iter(self._circuits.values())).admitted()
            return
        while (left_s := min(circuit.pause_s for circuit in self._circuits.values())) > 0:
            await self._clock.sleep(min(left_s, PROBE_EVERY_S))

    def enter(self, model: str) -> None:
        """Raises Transient, uncounted, while the model's circuit is open."""
        if len(self._circuits) == 1:
            return
        left_s = self._circuits[model].try_enter()
        if left_s > 0:
            resting = failure(FailureType.AI_API_ERROR, "the model is given a rest after its last answers")
            raise Transient(resting, retry_after_s=left_s, counted=False)

    async def status(self) -> CheckStatus:
        """`degraded` while some model is given a rest."""
        found = [await circuit.status() for circuit in self._circuits.values()]
        return CheckStatus.DEGRADED if CheckStatus.DEGRADED in found else CheckStatus.OK
