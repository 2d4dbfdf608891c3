"""The eighteen invariants. Their ids are stable: never used again for something else."""

from shared.invariants import cache, effects, events, jobs, spending
from shared.invariants.model import Invariant

CATALOGUE = (
    Invariant(
        "I1",
        "No accepted job is lost",
        "Somebody was told 202 and hears nothing more: the sweep does not run, or every copy of the message is stuck in a worker.",
        (jobs.OVERDUE, jobs.WITHOUT_A_MESSAGE),
    ),
    Invariant(
        "I2",
        "One effect per job",
        "A job was worked on twice to the end, or a result was published outside its job's own transaction.",
        (effects.ONE_TEXT_INDEX, effects.SEVERAL_TEXTS, effects.TEXT_OF_NO_RESULT, effects.RESULT_WITHOUT_TEXT),
    ),
    Invariant(
        "I3",
        "One job per key, one active job per identity",
        "An index is gone that makes it so: the same text is written, and paid for, several times.",
        (jobs.ONE_JOB_INDEXES, jobs.SEVERAL_ACTIVE),
    ),
    Invariant(
        "I4",
        "Terminal is final",
        "A job changed after somebody was told its end: a status was written around the one statement that may write it.",
        (jobs.TRANSITION_FROM_THE_END, jobs.LEFT_THE_END),
    ),
    Invariant(
        "I5",
        "Versions only move forward",
        "Readers are shown an older text or older facts than were already there.",
        (effects.OLDER_TEXT_SHOWN, effects.SHARED_BASELINE, effects.DEFAULT_NOT_SHOWN, effects.FACTS_WENT_BACK),
    ),
    Invariant(
        "I6",
        "The outbox drains",
        "Events wait: no relay runs, the broker is away, or it refuses them because a queue is missing or full.",
        (events.OVERDUE, events.REFUSED),
    ),
    Invariant(
        "I7",
        "Dead letters are accounted for",
        "A message was given up and no row says so, or a row does not say why.",
        (events.UNREAD, events.NO_REASON),
    ),
    Invariant(
        "I8",
        "AI calls are bounded",
        "A job or a day cost more than it may, or its books are wrong: a call was made without being written down and counted first.",
        (spending.TOO_MANY_CALLS, spending.OVER_THE_CAP, spending.NEGATIVE, spending.OTHER_THAN_THE_CALLS),
    ),
    Invariant(
        "I9",
        "The cache tells the truth",
        "Readers get answers from before a change: the cache-invalidator does not follow, or an announced version was evicted.",
        (cache.STALE, cache.UNTOLD),
        ("tests/integration/gateway_reads/test_cache_truth.py", "tests/integration/gateway_reads/test_list_cache.py"),
    ),
    Invariant(
        "I10",
        "Replies are honest",
        "A caller was given the id of a job that cannot be read, or is refused a key that accepted nothing.",
        (jobs.ANSWER_WITHOUT_JOBS, jobs.KEY_WITHOUT_ANSWER, jobs.NEVER_ACCEPTED),
        ("tests/integration/gateway/test_idempotency.py",),
    ),
    Invariant(
        "I11",
        "One trace",
        "A request cannot be followed from the gateway to the invalidation.",
        shown_by=("tests/telemetry/test_one_trace.py",),
    ),
    Invariant(
        "I12",
        "No secrets",
        "A key, a prompt or a payload is readable in a span, a log or an answer.",
        shown_by=("tests/telemetry/test_one_trace.py", "tests/unit/shared/test_settings.py"),
    ),
    Invariant(
        "I13",
        "The ledger adds up",
        "After faults, work is lost, doubled or unexplained.",
        shown_by=("tests/e2e/test_survival.py",),
    ),
    Invariant(
        "I14",
        "Webhooks end",
        "A subscriber is neither told nor given up on.",
    ),
    Invariant(
        "I15",
        "Somebody listens",
        "Messages wait in a queue that nobody reads.",
        (events.MISSING, events.UNHEARD),
        ("tests/integration/shared/test_watchdog.py",),
    ),
    Invariant(
        "I16",
        "One door",
        "Something besides the edge can be reached from outside.",
        shown_by=("tests/contracts/deploy/test_compose.py", "tests/contracts/deploy/test_kong.py"),
    ),
    Invariant(
        "I17",
        "One shape of errors",
        "A client gets an error that it cannot read.",
        shown_by=("tests/integration/gateway/test_frame.py",),
    ),
    Invariant(
        "I18",
        "Fairness",
        "One caller's flood makes the others wait.",
    ),
)
CHECKED = tuple(invariant for invariant in CATALOGUE if invariant.checks)
