"""Accepted jobs: none is lost, none is accepted twice, none comes back after its end, and every answer about one is true."""

from collections.abc import Sequence

from shared.errors import Unavailable
from shared.invariants.model import Check, Evidence, Unchecked
from shared.invariants.statements import rows, statement, unique_indexes
from shared.topology import QUEUE_OF_REQUEST

_UNSENT = """
SELECT jobs.id, jobs.event_type FROM jobs
WHERE jobs.status IN ('PENDING', 'PROCESSING', 'RETRYING')
  AND coalesce(jobs.lease_until, jobs.next_attempt_at, jobs.updated_at) < now() - make_interval(secs => :unsent_s)
  AND NOT EXISTS (SELECT FROM outbox WHERE outbox.event_id = jobs.event_id)
"""


async def _without_a_message(evidence: Evidence) -> Sequence[str]:
    """Looked for twice, with the queues in between: a message may be taken while one looks."""
    before = await rows(evidence, _UNSENT)
    if not before:
        return ()
    if evidence.broker is None:
        raise Unchecked("no broker to ask")
    try:
        found = await evidence.broker.states([queue.name for queue in QUEUE_OF_REQUEST.values()])
    except Unavailable as away:
        raise Unchecked(f"{away.dependency} does not answer") from away
    waiting = {kind for kind, queue in QUEUE_OF_REQUEST.items() if queue.name in found and found[queue.name].ready}
    suspects = {job_id for job_id, kind in before if kind not in waiting}
    return sorted(str(job_id) for job_id, _ in await rows(evidence, _UNSENT) if job_id in suspects)


OVERDUE = statement(
    "jobs are past their deadline and have not ended",
    """
    SELECT jobs.id FROM jobs
    WHERE jobs.status IN ('PENDING', 'PROCESSING', 'RETRYING')
      AND jobs.deadline_at < now() - make_interval(secs => :overdue_s)
    """,
)
WITHOUT_A_MESSAGE = Check("jobs wait and nothing will wake them: no event, no message, no lease", _without_a_message)

SEVERAL_ACTIVE = statement(
    "identities have more than one active job",
    """
    SELECT jobs.dedupe_key FROM jobs WHERE jobs.status IN ('PENDING', 'PROCESSING', 'RETRYING')
    GROUP BY jobs.dedupe_key HAVING count(*) > 1
    """,
)
ONE_JOB_INDEXES = unique_indexes("uq_jobs_active_dedupe_key", "pk_idempotency_keys")

LEFT_THE_END = statement(
    "jobs changed after they had ended",
    """
    SELECT jobs.id FROM jobs
    WHERE jobs.created_at >= now() - make_interval(secs => :window_s)
      AND EXISTS (
        SELECT FROM job_transitions AS ended
        WHERE ended.job_id = jobs.id AND ended.to_status IN ('DONE', 'FAILED', 'CANCELLED')
          AND (ended.to_status <> jobs.status OR ended.sequence <> jobs.sequence))
    """,
)
TRANSITION_FROM_THE_END = statement(
    "transitions leave DONE, FAILED or CANCELLED",
    """
    SELECT job_transitions.seq FROM jobs JOIN job_transitions ON job_transitions.job_id = jobs.id
    WHERE jobs.created_at >= now() - make_interval(secs => :window_s)
      AND job_transitions.from_status IN ('DONE', 'FAILED', 'CANCELLED')
    """,
)

ANSWER_WITHOUT_JOBS = statement(
    "answers are kept under a key and name a job that does not exist, or none",
    """
    SELECT kept.key FROM idempotency_keys AS kept
    WHERE kept.expires_at >= now() + interval '1 day' - make_interval(secs => :window_s) AND kept.status BETWEEN 200 AND 299
      AND (kept.job_ids = '{}' AND kept.caller NOT LIKE 'admin:%'
        OR EXISTS (SELECT FROM unnest(kept.job_ids) AS named (id) LEFT JOIN jobs ON jobs.id = named.id WHERE jobs.id IS NULL))
    """,
)
KEY_WITHOUT_ANSWER = statement(
    "keys are taken by requests that accepted nothing",
    """
    SELECT kept.key FROM idempotency_keys AS kept
    WHERE kept.expires_at >= now() + interval '1 day' - make_interval(secs => :window_s) AND kept.status NOT BETWEEN 200 AND 299
    """,
)
NEVER_ACCEPTED = statement(
    "jobs have no record of their acceptance",
    """
    SELECT jobs.id FROM jobs
    WHERE jobs.created_at >= now() - make_interval(secs => :window_s)
      AND NOT EXISTS (
        SELECT FROM job_transitions AS first
        WHERE first.job_id = jobs.id AND first.sequence = 1 AND first.from_status IS NULL AND first.to_status = 'PENDING')
    """,
)
