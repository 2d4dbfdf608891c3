"""The verdict: what clients were told, what is stored, what the AI provider and a subscriber saw, held against each other."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.faults.chaos.aftermath import Repetition
from tests.faults.chaos.ledger import Ledger
from tests.faults.chaos.witness import Heard
from tests.support.fleet import Fleet

from shared.jobs import TERMINAL, JobKind, JobStatus

_JOBS = """
SELECT id::text, kind, status, max_attempts, superseded_by IS NOT NULL AS superseded,
       CASE status WHEN 'FAILED' THEN error ->> 'type' || ': ' || coalesce(error ->> 'technical_message', '') END AS failure,
       result ->> 'refreshed_at' IS NOT NULL AS refreshed,
       EXISTS (SELECT FROM texts WHERE id::text = jobs.result ->> 'text_id') AS written,
       (SELECT count(*) FROM texts WHERE job_id = jobs.id) AS texts
FROM jobs WHERE accepted_seq > $1
"""
_KEYS = "SELECT key, array(SELECT unnest(job_ids)::text) AS job_ids FROM idempotency_keys"
_CALLS = """
SELECT ai_calls.id::text, job_id::text, max_attempts FROM ai_calls JOIN jobs ON jobs.id = job_id WHERE accepted_seq > $1
"""
_ATTEMPTS = """
SELECT coalesce(reason, '') AS reason, count(*) FROM job_transitions JOIN jobs ON jobs.id = job_id
WHERE accepted_seq > $1 AND to_status IN ('PROCESSING', 'RETRYING') GROUP BY reason
"""
_OVERTAKEN = """
SELECT older.id::text FROM texts older JOIN texts newer USING (entity_id, form, locale, context_tag)
WHERE older.archived_at IS NULL AND (newer.accepted_seq > older.accepted_seq OR newer.archived_at IS NULL AND newer.id <> older.id)
"""
_NOBODYS = "SELECT id::text FROM texts WHERE job_id IS NULL OR NOT EXISTS (SELECT FROM jobs WHERE id = texts.job_id)"


@dataclass(slots=True)
class Verdict:
    """Clean when there is no finding. `findings` has a sentence for every single thing that must not be."""

    attempted: int = 0
    acknowledged: int = 0
    ok: int = 0
    lost: int = 0
    duplicated: int = 0
    unexpected: int = 0
    recovered: int = 0
    refused: int = 0
    jobs: dict[str, int] = field(default_factory=dict[str, int])
    failures: dict[str, int] = field(default_factory=dict[str, int])
    events: int = 0
    events_repeated: int = 0
    attempts: int = 0
    attempts_lost: int = 0
    attempts_handed_back: int = 0
    ai_calls: int = 0
    ai_calls_of_one_job: int = 0
    ai_calls_allowed_per_job: int = 0
    cached_bodies: int = 0
    findings: list[str] = field(default_factory=list[str])

    @property
    def clean(self) -> bool:
        return not self.findings


@dataclass(frozen=True, slots=True)
class Evidence:
    """`since` is the newest job before the run, `sandbox` what the AI provider received during it; `incomplete` are FAILED jobs whose
    document does not say why.
    """

    fleet: Fleet
    since: int
    ledger: Ledger
    repetitions: Sequence[Repetition]
    heard: Heard
    sandbox: Sequence[Mapping[str, Any]]
    incomplete: frozenset[str]


def judge(evidence: Evidence) -> Verdict:
    """The verdict of a system that has been healed and drained."""
    return _Judge(evidence).judge()


class _Judge:
    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._ledger = evidence.ledger
        self._jobs = {row["id"]: row for row in self._rows(_JOBS)}
        keys = {post.key for post in self._ledger.posts}
        stored = evidence.fleet.rows(_KEYS)
        self._keys = {row["key"]: tuple(row["job_ids"]) for row in stored if row["key"] in keys}
        rows = self._jobs.values()
        self._verdict = Verdict(
            jobs=dict(Counter(row["status"] for row in rows)),
            failures=dict(Counter(row["failure"] for row in rows if row["failure"] is not None)),
        )

    def judge(self) -> Verdict:
        self._requests()
        self._repetitions()
        for job in self._jobs.values():
            self._job(job)
        self._texts()
        self._events()
        self._attempts()
        self._ai_calls()
        self._verdict.findings += self._ledger.broken
        return self._verdict

    def _requests(self) -> None:
        """What was acknowledged exists and has ended well; what was refused left nothing."""
        verdict = self._verdict
        verdict.attempted = len(self._ledger.posts)
        for post in self._ledger.posts:
            stored = self._keys.get(post.key, ())
            if post.refused:
                verdict.refused += 1
                if stored:
                    self._unexpected(f"{post.key} was refused with {post.status}, and stands for {stored}")
            if not post.acknowledged:
                continue
            verdict.acknowledged += 1
            if not all(job_id in self._jobs for job_id in post.job_ids):
                self._lost(f"{post.key} was acknowledged with {post.job_ids}, which is not stored")
            elif stored != post.job_ids:
                self._unexpected(f"{post.key} was acknowledged with {post.job_ids}, and stands for {stored}")
            else:
                verdict.ok += all(self._ended_well(self._jobs[job_id]) for job_id in post.job_ids)

    def _repetitions(self) -> None:
        """A key stands for the same jobs for ever, whether or not their first answer arrived."""
        for repetition in self._evidence.repetitions:
            post, again, before = repetition.post, repetition.again, repetition.before
            self._verdict.recovered += bool(before) and not post.acknowledged
            if before and (again.job_ids != before or not repetition.replayed):
                self._duplicated(f"{post.key} stood for {before}; its repetition got {again.outcome} {again.job_ids}")
            elif not again.acknowledged and not again.refused:
                self._lost(f"{post.key} ended with {post.outcome}, and its repetition with {again.outcome}")

    def _job(self, job: Mapping[str, Any]) -> None:
        job_id, status = job["id"], JobStatus(job["status"])
        if status not in TERMINAL:
            self._lost(f"job {job_id} is {status} after the drain")
        elif not self._ended_well(job):
            self._unexpected(f"job {job_id} is {status} without the result, the failure or the cancellation it needs")
        if job["texts"] > 1:
            self._duplicated(f"job {job_id} has {job['texts']} texts")
        if job["texts"] and status is not JobStatus.DONE:
            self._unexpected(f"job {job_id} is {status} and has a text")

    def _ended_well(self, job: Mapping[str, Any]) -> bool:
        match JobStatus(job["status"]):
            case JobStatus.DONE:
                return bool(job["refreshed" if job["kind"] == JobKind.REFRESH else "written"])
            case JobStatus.FAILED:
                return job["id"] not in self._evidence.incomplete
            case JobStatus.CANCELLED:
                return job["superseded"] or job["id"] in self._ledger.cancelled
            case _:
                return False

    def _texts(self) -> None:
        asked_for = {job_id for job_ids in self._keys.values() for job_id in job_ids}
        for job_id in self._jobs.keys() - asked_for:
            self._unexpected(f"job {job_id} was asked for by nobody")
        for row in self._evidence.fleet.rows(_NOBODYS):
            self._unexpected(f"text {row['id']} is of no job")
        for row in self._evidence.fleet.rows(_OVERTAKEN):
            self._duplicated(f"text {row['id']} is current although a newer one of its slot exists")

    def _events(self) -> None:
        """A subscriber hears of every request and of every end, and only of one end of each job."""
        heard = self._evidence.heard
        self._verdict.events, self._verdict.events_repeated = heard.messages, heard.copies
        for job_id, job in self._jobs.items():
            ends = heard.outcomes.get(job_id, set())
            if len(ends) > 1:
                self._duplicated(f"job {job_id} ended with {len(ends)} different events")
            if job["status"] in TERMINAL and not ends:
                self._lost(f"the event of the end of job {job_id} ({job['status']}) reached no subscriber")
            if job_id not in heard.requests:
                self._lost(f"the event that asked for job {job_id} reached no subscriber")

    def _attempts(self) -> None:
        by_reason = {row["reason"]: row["count"] for row in self._rows(_ATTEMPTS)}
        self._verdict.attempts = by_reason.get("", 0) + by_reason.get("taken-over", 0)
        self._verdict.attempts_lost = by_reason.get("taken-over", 0)
        self._verdict.attempts_handed_back = by_reason.get("interrupted", 0)

    def _ai_calls(self) -> None:
        """The provider's own ledger against ours: no call without a row, none above the limit."""
        rows = {row["id"]: row for row in self._rows(_CALLS)}
        billed: Counter[str] = Counter()
        for call in self._evidence.sandbox:
            row = rows.get(str(call["client_request_id"]))
            if row is None:
                self._unexpected(f"AI call {call['client_request_id']} about {call['title']} was not written down")
            elif call["fault"] != "throttle":
                billed[row["job_id"]] += 1
        for job_id, calls in billed.items():
            if calls > self._jobs[job_id]["max_attempts"]:
                self._unexpected(f"job {job_id} made {calls} AI calls")
        self._verdict.ai_calls = billed.total()
        self._verdict.ai_calls_of_one_job = max(billed.values(), default=0)
        self._verdict.ai_calls_allowed_per_job = max((job["max_attempts"] for job in self._jobs.values()), default=0)

    def _lost(self, finding: str) -> None:
        self._verdict.lost += 1
        self._verdict.findings.append(f"lost: {finding}")

    def _duplicated(self, finding: str) -> None:
        self._verdict.duplicated += 1
        self._verdict.findings.append(f"duplicated: {finding}")

    def _unexpected(self, finding: str) -> None:
        self._verdict.unexpected += 1
        self._verdict.findings.append(f"unexpected: {finding}")

    def _rows(self, statement: str) -> list[dict[str, Any]]:
        return self._evidence.fleet.rows(statement, self._evidence.since)
