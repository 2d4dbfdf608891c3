"""The generator's ports in memory; library and journal pass the same contracts as PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from generator.ports import Answer, Call, Draft, Known, Prompt, Shelf, Spent, Text
from shared import ids, slugs
from shared.entities import ContextTag, EntityKind, Facts, Form, Locale
from shared.errors import LeaseLost
from shared.events import GenerationRequested
from shared.jobs import Attempt, Failure, FailureType, Identity, Result
from shared.testing.attempts import FakeJob, FakeLedger


@dataclass(slots=True)
class StoredEntity:
    known: Known
    version: int = 1
    default_text_id: UUID | None = None


@dataclass(slots=True)
class StoredText:
    text: Text
    form: Form
    locale: Locale
    version: int
    accepted_seq: int
    job_id: UUID
    created_at: datetime
    archived: bool


def identity_of(event: GenerationRequested) -> Identity:
    return Identity(event.entity_kind, event.slug, event.form, event.locale, event.context_tag)


@dataclass(slots=True)
class FakeLibrary:
    """Implements `Library`. Texts written at one instant of the ledger's clock are in the order of their writing."""

    ledger: FakeLedger
    entities: dict[UUID, StoredEntity] = field(default_factory=dict[UUID, StoredEntity])
    texts: list[StoredText] = field(default_factory=list[StoredText])
    adopted: dict[UUID, Identity] = field(default_factory=dict[UUID, Identity])

    def store(self, facts: Facts, *, complete: bool = True) -> Known:
        entity_id = ids.row_id()
        self.entities[entity_id] = StoredEntity(Known(entity_id, self._free_slug(facts), facts, complete))
        return self.entities[entity_id].known

    async def find(self, kind: EntityKind, slug: str, entity_id: UUID | None) -> Known | None:
        if entity_id is not None and entity_id in self.entities:
            return self.entities[entity_id].known
        known = (entity.known for entity in self.entities.values())
        return next((one for one in known if (one.facts.kind, one.slug) == (kind, slug)), None)

    async def find_by_tmdb(self, kind: EntityKind, tmdb_id: int) -> Known | None:
        known = (entity.known for entity in self.entities.values())
        return next((one for one in known if (one.facts.kind, one.facts.tmdb_id) == (kind, tmdb_id)), None)

    async def free_slug(self, facts: Facts) -> str:
        return self._free_slug(facts)

    async def adopt(self, attempt: Attempt, identity: Identity) -> bool:
        if self.ledger.held(attempt) is None:
            raise LeaseLost(str(attempt.job_id))
        others = (job for job_id, job in self.ledger.jobs.items() if job_id != attempt.job_id)
        if any(not job.status.terminal and self._identity(job) == identity for job in others):
            return False
        self.adopted[attempt.job_id] = identity
        return True

    async def shelf(self, attempt: Attempt, identity: Identity, tmdb_id: int) -> Shelf:
        known = await self.find_by_tmdb(identity.kind, tmdb_id)
        current = [
            stored
            for stored in reversed(self.texts)
            if known is not None
            and (stored.text.entity_id, stored.form, stored.locale) == (known.entity_id, identity.form, identity.locale)
            and not stored.archived
        ]
        twins = (stored.text for stored in current if self._is_twin(stored, attempt, identity))
        return Shelf(tuple(stored.text for stored in current), next(twins, None))

    async def publish(self, attempt: Attempt, event: GenerationRequested, draft: Draft) -> None:
        if self.ledger.held(attempt) is None:
            raise LeaseLost(str(attempt.job_id))
        entity = await self._entity(draft)
        slot = [
            stored
            for stored in self.texts
            if _slot(stored) == (entity.known.entity_id, draft.form, draft.locale, draft.context_tag)
        ]
        current = next((stored for stored in slot if not stored.archived), None)
        overtaken = current is not None and current.accepted_seq > attempt.accepted_seq
        new = Text(ids.row_id(), entity.known.entity_id, draft.context_tag, draft.text)
        now = self.ledger.clock.now()
        self.texts.append(
            StoredText(
                new, draft.form, draft.locale, len(slot) + 1, attempt.accepted_seq, attempt.job_id, now, overtaken
            )
        )
        if current is not None and overtaken:
            self._complete(attempt, event, entity, current.text, became_default=False)
            return
        if current is not None:
            current.archived = True
        entity.version += 1
        becomes = entity.default_text_id in {None, attempt.baseline_text_id, current.text.id if current else None}
        entity.default_text_id = new.id if becomes else entity.default_text_id
        self._complete(attempt, event, entity, new, became_default=becomes)

    async def share(self, attempt: Attempt, event: GenerationRequested, text: Text) -> None:
        entity = self.entities[text.entity_id]
        self._complete(attempt, event, entity, text, became_default=entity.default_text_id == text.id)

    async def _entity(self, draft: Draft) -> StoredEntity:
        facts = draft.subject.facts
        known = await self.find_by_tmdb(facts.kind, facts.tmdb_id) or self.store(facts)
        entity = self.entities[known.entity_id]
        if draft.subject.fresh:
            entity.known = replace(known, facts=facts, complete=True)
        return entity

    def _complete(
        self, attempt: Attempt, event: GenerationRequested, entity: StoredEntity, text: Text, *, became_default: bool
    ) -> None:
        result = Result(
            entity_id=entity.known.entity_id,
            slug=entity.known.slug,
            entity_version=entity.version,
            text_id=text.id,
            context_tag=text.context_tag,
            became_default=became_default,
            tmdb_id=entity.known.facts.tmdb_id,
        )
        self.ledger.complete(attempt, event, "generator", result)

    def _identity(self, job: FakeJob) -> Identity | None:
        event = job.event
        return self.adopted.get(event.job_id) or (
            identity_of(event) if isinstance(event, GenerationRequested) else None
        )

    def _is_twin(self, stored: StoredText, attempt: Attempt, identity: Identity) -> bool:
        written_since = stored.created_at > attempt.created_at
        return (
            stored.job_id != attempt.job_id
            and written_since
            and self._identity(self.ledger.jobs[stored.job_id]) == identity
        )

    def _free_slug(self, facts: Facts) -> str:
        taken = {entity.known.slug for entity in self.entities.values() if entity.known.facts.kind is facts.kind}
        return next(slug for slug in slugs.candidates(facts) if slug not in taken)


def _slot(stored: StoredText) -> tuple[UUID, Form, Locale, ContextTag]:
    return stored.text.entity_id, stored.form, stored.locale, stored.text.context_tag


@dataclass(slots=True)
class Entry:
    """One call as written down; `outcome` as in the table."""

    call: Call
    prompt: Prompt
    outcome: str = "unknown"
    answer: Answer | None = None
    failure: Failure | None = None


@dataclass(slots=True)
class FakeCallJournal:
    """Implements `CallJournal`."""

    ledger: FakeLedger
    entries: list[Entry] = field(default_factory=list[Entry])

    async def answer(self, job_id: UUID, prompt: Prompt) -> Answer | None:
        of_job = (entry for entry in reversed(self.entries) if entry.call.attempt.job_id == job_id)
        return next((entry.answer for entry in of_job if entry.answer and entry.prompt.hash == prompt.hash), None)

    async def begin(self, attempt: Attempt, prompt: Prompt, model: str) -> Call | None:
        job = self.ledger.held(attempt)
        if job is None:
            raise LeaseLost(str(attempt.job_id))
        of_job = [entry for entry in self.entries if entry.call.attempt.job_id == attempt.job_id]
        if sum(entry.outcome != "throttled" for entry in of_job) >= attempt.max_attempts:
            return None
        left_s = (job.deadline_at - self.ledger.clock.now()).total_seconds()
        call = Call(ids.row_id(), attempt, max(left_s, 0.0))
        self.entries.append(Entry(call, prompt))
        return call

    async def answered(self, call: Call, answer: Answer, spent: Spent) -> None:
        entry = self._entry(call)
        entry.outcome, entry.answer = "ok", answer

    async def failed(self, call: Call, failure: Failure) -> None:
        entry = self._entry(call)
        entry.outcome = "throttled" if failure.type is FailureType.RATE_LIMITED else "error"
        entry.failure = failure

    def _entry(self, call: Call) -> Entry:
        return next(entry for entry in self.entries if entry.call.id == call.id)


@dataclass(slots=True)
class ScriptedModel:
    """Implements `TextModel`: gives its answers in order, raises those that are errors, and keeps what it was asked."""

    answers: Sequence[Answer | Exception]
    asked: list[tuple[Prompt, float]] = field(default_factory=list[tuple[Prompt, float]])

    @property
    def name(self) -> str:
        return "scripted"

    async def write(self, prompt: Prompt, call: Call, *, deadline_s: float) -> tuple[Answer, Spent]:
        answer = self.answers[len(self.asked)]
        self.asked.append((prompt, deadline_s))
        if isinstance(answer, Exception):
            raise answer
        return answer, Spent(10, 20)
