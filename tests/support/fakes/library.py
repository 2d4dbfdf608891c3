"""Entities and their texts in memory: passes the same contract as PostgreSQL. A film does not bring its people along."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from uuid import UUID

from generator.ports import MAX_ARCHIVED, Draft, Known, Shelf, Text
from shared import ids, slugs, topology
from shared.entities import CANONICAL_LOCALE, SHORT_FORMS, EntityKind, Facts, Locale
from shared.errors import LeaseLost
from shared.events import GenerationCompleted, GenerationRequested
from shared.faults import crash_point
from shared.jobs import Attempt, Identity, Result
from shared.testing.database import FakeDatabase, UniqueViolation
from shared.testing.rows import EntityRow, TextRow

CONSUMER = topology.GENERATION_REQUESTS.consumer


class FakeLibrary:
    """Implements `Library`."""

    def __init__(self, database: FakeDatabase) -> None:
        self._database = database

    def store(self, facts: Facts, *, complete: bool = True) -> EntityRow:
        """A new entity of `facts`."""
        now = self._database.clock.now()
        row = EntityRow(ids.row_id(), self._free_slug(facts), facts, now, now, complete=complete)
        self._database.entities[row.id] = row
        return row

    async def find(self, kind: EntityKind, slug: str, entity_id: UUID | None) -> Known | None:
        async def work() -> Known | None:
            alias = self._database.aliases.get((kind, slug))
            named = [row for row in self._of(kind) if row.slug == slug or row.id in {alias, entity_id}]
            best = min(named, key=lambda row: (row.id != entity_id, row.slug != slug), default=None)
            return best and _known(best)

        return await self._database.run(work)

    async def find_by_tmdb(self, kind: EntityKind, tmdb_id: int) -> Known | None:
        async def work() -> Known | None:
            row = self._by_tmdb(kind, tmdb_id)
            return row and _known(row)

        return await self._database.run(work)

    async def free_slug(self, facts: Facts) -> str:
        async def work() -> str:
            return self._free_slug(facts)

        return await self._database.run(work)

    async def adopt(self, attempt: Attempt, identity: Identity) -> bool:
        async def work() -> bool:
            job = self._database.held(attempt)
            if job is None:
                raise LeaseLost(str(attempt.job_id))
            if self._database.active(identity.dedupe_key, but=job.id) is not None:
                return False
            self._database.update(job, slug=identity.slug, dedupe_key=identity.dedupe_key)
            return True

        return await self._database.run(work)

    async def shelf(self, attempt: Attempt, identity: Identity, tmdb_id: int) -> Shelf:
        async def work() -> Shelf:
            entity = self._by_tmdb(identity.kind, tmdb_id)
            stored = [text for text in self._database.texts.values() if entity and text.entity_id == entity.id]
            stored = [text for text in stored if text.form == identity.form]
            stored.sort(key=lambda text: text.id)
            stored.sort(key=lambda text: text.created_at, reverse=True)
            own = [text for text in stored if text.locale == identity.locale]
            current = [text for text in own if text.current]
            twins = (_text(text) for text in current if self._is_twin(text, attempt, identity))
            wanted = identity.form in SHORT_FORMS and identity.locale != CANONICAL_LOCALE
            english = [text for text in stored if wanted and text.locale == CANONICAL_LOCALE]
            sources = (text for text in english if text.current)
            fresh = (text for text in sources if all(one.created_at < text.created_at for one in own))
            source = next(fresh, None)
            return Shelf(
                tuple(map(_text, current)),
                next(twins, None),
                tuple(_text(text) for text in own if _is_recent(text, own)),
                source and _text(source),
                tuple(_text(text) for text in english if text.current or _is_recent(text, english)),
            )

        return await self._database.run(work)

    async def publish(self, attempt: Attempt, event: GenerationRequested, draft: Draft) -> None:
        async def work() -> None:
            result = self._write(attempt, draft)
            self._complete(attempt, event, result)
            await crash_point("consumer.before_commit")

        await self._database.run(work)

    async def share(self, attempt: Attempt, event: GenerationRequested, text: Text) -> None:
        async def work() -> None:
            entity = self._database.entities[text.entity_id]
            stored = self._database.texts[text.id]
            is_default = entity.default_text_id == text.id
            self._complete(attempt, event, _result(entity, stored, became_default=is_default))
            await crash_point("consumer.before_commit")

        await self._database.run(work)

    def _write(self, attempt: Attempt, draft: Draft) -> Result:
        entity = self._entity(draft)
        versions = self._versions(entity.id, draft, draft.locale)
        current = next((text for text in versions if text.current), None)
        if current is not None and current.accepted_seq > attempt.accepted_seq:
            self._insert(attempt, draft, entity.id, current=False)
            self._insert_source(draft, entity.id, shown=False)
            return _result(entity, current, became_default=False)
        if current is not None:
            self._database.texts[current.id] = replace(current, current=False, updated_at=self._database.clock.now())
        text = self._insert(attempt, draft, entity.id, current=True)
        self._insert_source(draft, entity.id, shown=True)
        seen = {None, attempt.baseline_text_id, current.id if current else None}
        becomes = draft.form not in SHORT_FORMS and entity.default_text_id in seen
        entity = self._touched(entity, default_text_id=text.id if becomes else entity.default_text_id)
        return _result(entity, text, became_default=becomes)

    def _versions(self, entity_id: UUID, draft: Draft, locale: Locale) -> list[TextRow]:
        slot = (entity_id, draft.form, locale, draft.context_tag)
        return [text for text in self._database.texts.values() if text.slot == slot]

    def _insert(self, attempt: Attempt, draft: Draft, entity_id: UUID, *, current: bool) -> TextRow:
        if any(text.job_id == attempt.job_id for text in self._database.texts.values()):
            raise UniqueViolation("uq_texts_job_id")
        now, version = self._database.clock.now(), len(self._versions(entity_id, draft, draft.locale)) + 1
        text = TextRow(
            ids.row_id(), entity_id, draft.form, draft.locale, draft.context_tag, draft.written.text, draft.written.ai_model, version,
            attempt.accepted_seq, attempt.job_id, now, now, current, draft.origin,
        )  # fmt: skip
        self._database.texts[text.id] = text
        return text

    def _insert_source(self, draft: Draft, entity_id: UUID, *, shown: bool) -> None:
        if draft.source is None:
            return
        now, versions = self._database.clock.now(), self._versions(entity_id, draft, CANONICAL_LOCALE)
        current = shown and not any(text.current for text in versions)
        text = TextRow(
            ids.row_id(), entity_id, draft.form, CANONICAL_LOCALE, draft.context_tag, draft.source.text, draft.source.ai_model,
            len(versions) + 1, 0, None, now, now, current,
        )  # fmt: skip
        self._database.texts[text.id] = text

    def _entity(self, draft: Draft) -> EntityRow:
        """The entity to write about: created when it is not stored, completed when it was known from credits only."""
        facts, entity_id = draft.subject.facts, draft.subject.entity_id
        if not draft.subject.fresh and entity_id is not None:
            return self._database.entities[entity_id]
        row = self._by_tmdb(facts.kind, facts.tmdb_id) or self.store(facts)
        return row if row.complete else self._touched(row, facts=facts, complete=True)

    def _touched(self, row: EntityRow, **changes: object) -> EntityRow:
        now = self._database.clock.now()
        self._database.entities[row.id] = replace(row, version=row.version + 1, updated_at=now, **changes)
        return self._database.entities[row.id]

    def _complete(self, attempt: Attempt, event: GenerationRequested, result: Result) -> None:
        if result.text_id is None or result.context_tag is None:
            raise AssertionError("a generation leaves a text")
        self._database.complete(attempt, event, CONSUMER, result)
        self._database.add(
            GenerationCompleted(
                event_id=ids.row_id(),
                occurred_at=self._database.clock.now(),
                entity_kind=attempt.entity_kind,
                job_id=attempt.job_id,
                slug=result.slug,
                requested_slug=attempt.requested_slug,
                form=event.form,
                locale=event.locale,
                context_tag=result.context_tag,
                entity_id=result.entity_id,
                entity_version=result.entity_version,
                text_id=result.text_id,
                became_default=bool(result.became_default),
            )
        )

    def _is_twin(self, text: TextRow, attempt: Attempt, identity: Identity) -> bool:
        writer = self._database.jobs.get(text.job_id) if text.job_id else None
        written_since = text.created_at > attempt.created_at
        return (
            written_since
            and writer is not None
            and writer.id != attempt.job_id
            and writer.dedupe_key == identity.dedupe_key
        )

    def _of(self, kind: EntityKind) -> list[EntityRow]:
        return [row for row in self._database.entities.values() if row.facts.kind is kind]

    def _by_tmdb(self, kind: EntityKind, tmdb_id: int) -> EntityRow | None:
        return next((row for row in self._of(kind) if row.facts.tmdb_id == tmdb_id), None)

    def _free_slug(self, facts: Facts) -> str:
        taken = {row.slug for row in self._of(facts.kind)}
        taken |= {slug for kind, slug in self._database.aliases if kind is facts.kind}
        wanted = list(islice(slugs.candidates(facts), 60))
        return next((slug for slug in wanted if slug not in taken), wanted[-1])


def _known(row: EntityRow) -> Known:
    return Known(row.id, row.slug, row.facts, row.complete)


def _is_recent(text: TextRow, own: Sequence[TextRow]) -> bool:
    """Whether an archived text is one of the last of its place; `own` is sorted, newest first."""
    archived = [other.id for other in own if not other.current and other.slot == text.slot]
    return text.id in archived[:MAX_ARCHIVED]


def _text(row: TextRow) -> Text:
    return Text(row.id, row.entity_id, row.context_tag, row.text)


def _result(entity: EntityRow, text: TextRow, *, became_default: bool) -> Result:
    return Result(
        entity_id=entity.id,
        slug=entity.slug,
        entity_version=entity.version,
        text_id=text.id,
        context_tag=text.context_tag,
        became_default=became_default,
        tmdb_id=entity.facts.tmdb_id,
    )
