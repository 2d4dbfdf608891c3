"""Events on their way: none stays, none dies without a record, and somebody listens."""

from collections.abc import Collection, Mapping, Sequence

from shared.errors import Unavailable
from shared.invariants.model import Check, Evidence, QueueState, Unchecked
from shared.invariants.statements import statement
from shared.topology import WORK_QUEUES


async def _unread(evidence: Evidence) -> Sequence[str]:
    states = await _states(evidence, [queue.dead_name for queue in WORK_QUEUES])
    return [name for name, state in states.items() if state.ready and not state.consumers]


async def _unheard(evidence: Evidence) -> Sequence[str]:
    states = await _states(evidence, [queue.name for queue in WORK_QUEUES])
    return [name for name, state in states.items() if state.ready and not state.consumers]


async def _missing(evidence: Evidence) -> Sequence[str]:
    names = [name for queue in WORK_QUEUES for name in (queue.name, queue.dead_name)]
    states = await _states(evidence, names)
    return [name for name in names if name not in states]


async def _states(evidence: Evidence, names: Collection[str]) -> Mapping[str, QueueState]:
    if evidence.broker is None:
        raise Unchecked("no broker to ask")
    try:
        return await evidence.broker.states(names)
    except Unavailable as away:
        raise Unchecked(f"{away.dependency} does not answer") from away


OVERDUE = statement(
    "events have been due for too long",
    "SELECT outbox.event_id FROM outbox WHERE outbox.available_at < now() - make_interval(secs => :due_s)",
)
REFUSED = statement(
    "events are refused by the broker again and again",
    "SELECT outbox.event_id FROM outbox WHERE outbox.attempts >= 5",
)
"""A refused event is postponed, and so never due for long: the fifth refusal comes after half a minute."""

UNREAD = Check("dead-letter queues hold messages, and nobody is there to record them", _unread)
NO_REASON = statement(
    "dead letters have no reason",
    """
    SELECT dead_letters.id FROM dead_letters
    WHERE dead_letters.parked_at >= now() - make_interval(secs => :window_s) AND dead_letters.reason = ''
    """,
)

UNHEARD = Check("queues hold messages and have no consumer", _unheard)
MISSING = Check("queues do not exist", _missing)
