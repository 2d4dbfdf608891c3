"""Texts that are ready at the same moment are published together.

A transaction costs the same for one text as for thirty. Entities are locked first, in the order of their ids, then jobs in the order of
theirs; the lock on an entity makes versions, archiving and the default one step. A job that its attempt has lost keeps nothing of it, and
takes nobody with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import RowMapping, text

from generator.ports import Draft, Written
from shared import ids, outbox, topology
from shared.db.endings import Ending, complete_all
from shared.db.engine import Transaction
from shared.db.search_rows import index_documents
from shared.entities import CANONICAL_LOCALE, SHORT_FORMS, ContextTag, Locale, Origin
from shared.events import GenerationCompleted, GenerationRequested
from shared.faults import crash_point
from shared.jobs import Attempt, Result
from shared.telemetry.context import current_traceparent

CONSUMER = topology.GENERATION_REQUESTS.consumer


@dataclass(frozen=True, slots=True)
class Publication:
    """A text for a stored entity. Its id is chosen before, so that the job's result is known before the text is written."""

    attempt: Attempt
    event: GenerationRequested
    draft: Draft
    entity_id: UUID
    text_id: UUID = field(default_factory=ids.row_id)
    traceparent: str | None = field(default_factory=current_traceparent)

    def slot(self, locale: Locale) -> dict[str, Any]:
        """The place of this text, or of its source, in `locale`."""
        draft = self.draft
        return {
            "entity_id": self.entity_id,
            "form": draft.form,
            "locale": locale,
            "context_tag": draft.context_tag,
        }

    @property
    def locales(self) -> tuple[Locale, ...]:
        return (self.draft.locale, CANONICAL_LOCALE) if self.draft.source else (self.draft.locale,)


@dataclass(frozen=True, slots=True)
class _Decided:
    """What becomes of a text: `shown` in its slot instead of `replaced`, or kept archived behind a later one.

    `source` is the slot of the source that comes with it, None for a text without one and for an empty slot.
    """

    publication: Publication
    version: int
    result: Result
    shown: bool
    replaced: UUID | None
    source: RowMapping | None

    @property
    def searched(self) -> bool:
        """Search knows the locales that an entity has a long text in: one more may be there."""
        return self.replaced is None and self.publication.draft.form not in SHORT_FORMS

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What is stored: the text of the job, and the source, which is no job's own."""
        attempt, draft = self.publication.attempt, self.publication.draft
        own = {
            "id": self.publication.text_id,
            "origin": draft.origin,
            "version": self.version,
            "accepted_seq": attempt.accepted_seq,
            "job_id": attempt.job_id,
            "shown": self.shown,
            "becomes_default": bool(self.result.became_default),
        }
        rows = [self.publication.slot(draft.locale) | _written(draft.written) | own]
        if draft.source is not None:
            by_product = {
                "id": ids.row_id(),
                "origin": Origin.GENERATED,
                "version": 1 if self.source is None else self.source["newest"] + 1,
                "accepted_seq": 0,
                "job_id": None,
                "shown": self.shown and (self.source is None or self.source["current_id"] is None),
                "becomes_default": False,
            }
            rows.append(self.publication.slot(CANONICAL_LOCALE) | _written(draft.source) | by_product)
        return rows


async def publish_all(
    tx: Transaction, wanted: Sequence[Publication], *, patient: bool = True
) -> dict[UUID, Result | None]:
    """The results by job; None for a job that is no longer its attempt's.

    Jobs whose entity is gone are left out, and, unless `patient`, those whose entity somebody else holds or that an earlier one of `wanted`
    is about.
    """
    found = await locked(tx, {one.entity_id for one in wanted}, patient=patient)
    chosen = list({one.entity_id: one for one in reversed(wanted) if one.entity_id in found}.values())
    asked = _json([one.slot(locale) for one in chosen for locale in one.locales])
    slots = (await tx.execute(_SLOTS, {"rows": asked})).mappings().all()
    filled = {(row["entity_id"], row["locale"]): row for row in slots}
    decided = [_decide(one, found[one.entity_id], filled) for one in chosen]
    ended = await finish(
        tx,
        [(one.publication.attempt, one.publication.event, one.result, one.publication.traceparent) for one in decided],
    )
    kept = [one for one in decided if one.publication.attempt.job_id in ended]
    if replaced := [one.replaced for one in kept if one.replaced is not None]:
        await tx.execute(_ARCHIVE, {"ids": replaced})
    if kept:
        await tx.execute(_WRITE_AND_SHOW, {"rows": _json([row for one in kept for row in one.rows])})
        await index_documents(tx, [one.publication.entity_id for one in kept if one.shown and one.searched])
    await crash_point("consumer.before_commit")
    results = {one.publication.attempt.job_id: one.result for one in decided}
    return {job_id: result if job_id in ended else None for job_id, result in results.items()}


async def finish(
    tx: Transaction, done: Sequence[tuple[Attempt, GenerationRequested, Result, str | None]]
) -> frozenset[UUID]:
    """End jobs as DONE and tell others; the ids of those that their attempts still held. Each comes with the trace it belongs to."""
    endings = [Ending(attempt, event, result) for attempt, event, result, _ in done]
    rows = await complete_all(tx, CONSUMER, endings)
    told = [
        (_completed(attempt, event, result, rows[attempt.job_id]), traceparent)
        for attempt, event, result, traceparent in done
        if attempt.job_id in rows
    ]
    if told:
        await outbox.add_all(tx, told)
    return frozenset(rows)


async def locked(tx: Transaction, entity_ids: set[UUID], *, patient: bool = True) -> dict[UUID, RowMapping]:
    """The entities that exist, locked until the transaction ends; unless `patient`, only those that nobody else holds."""
    rows = await tx.execute(_LOCK if patient else _LOCK_FREE, {"ids": sorted(entity_ids)})
    return {row["id"]: row for row in rows.mappings()}


def result_of(entity: RowMapping, text_id: UUID, *, version: int, tag: ContextTag, became_default: bool) -> Result:
    """The result of a job whose text is shown by `entity` at `version`."""
    return Result(
        entity_id=entity["id"],
        slug=entity["slug"],
        entity_version=version,
        text_id=text_id,
        context_tag=tag,
        became_default=became_default,
        tmdb_id=entity["tmdb_id"],
    )


def _decide(one: Publication, entity: RowMapping, filled: Mapping[tuple[UUID, str], RowMapping]) -> _Decided:
    tag, default_id = one.draft.context_tag, entity["default_text_id"]
    slot, source = (filled.get((one.entity_id, locale)) for locale in (one.draft.locale, CANONICAL_LOCALE))
    newest = 0 if slot is None else slot["newest"]
    current_id = None if slot is None else slot["current_id"]
    if slot is not None and current_id is not None and slot["current_seq"] > one.attempt.accepted_seq:
        result = result_of(entity, current_id, version=entity["version"], tag=tag, became_default=False)
        return _Decided(one, newest + 1, result, shown=False, replaced=None, source=source)
    # an archived text is never served: its successor takes its place as the default, whatever the baseline was
    default = one.draft.form not in SHORT_FORMS and default_id in {None, one.attempt.baseline_text_id, current_id}
    result = result_of(entity, one.text_id, version=entity["version"] + 1, tag=tag, became_default=default)
    return _Decided(one, newest + 1, result, shown=True, replaced=current_id, source=source)


def _written(written: Written) -> dict[str, Any]:
    return {
        "text": written.text,
        "ai_model": written.ai_model,
        "prompt_version": written.prompt_version,
        "prompt_hash": written.prompt_hash,
    }


def _completed(attempt: Attempt, event: GenerationRequested, result: Result, done: RowMapping) -> GenerationCompleted:
    if result.text_id is None or result.context_tag is None:
        raise AssertionError("a generation leaves a text")
    return GenerationCompleted(
        event_id=ids.row_id(),
        occurred_at=done["finished_at"],
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


def _json(rows: Sequence[Mapping[str, Any]]) -> str:
    return orjson.dumps(rows, default=str).decode()


_LOCKED = """
    SELECT id, slug, version, default_text_id, tmdb_id FROM entities WHERE id = ANY(CAST(:ids AS uuid[]))
    ORDER BY id FOR UPDATE
"""
_LOCK, _LOCK_FREE = text(_LOCKED), text(_LOCKED + " SKIP LOCKED")
_SLOTS = text(
    """
    SELECT texts.entity_id, texts.locale, max(texts.version) AS newest,
        (array_agg(texts.id) FILTER (WHERE texts.archived_at IS NULL))[1] AS current_id,
        max(texts.accepted_seq) FILTER (WHERE texts.archived_at IS NULL) AS current_seq
    FROM jsonb_to_recordset(CAST(CAST(:rows AS text) AS jsonb))
        AS slot (entity_id uuid, form text, locale text, context_tag text)
    JOIN texts USING (entity_id, form, locale, context_tag)
    GROUP BY texts.entity_id, texts.locale
    """
)
_ARCHIVE = text("UPDATE texts SET archived_at = now(), updated_at = now() WHERE id = ANY(CAST(:ids AS uuid[]))")
_WRITE_AND_SHOW = text(
    """
    WITH given AS (
        SELECT * FROM jsonb_to_recordset(CAST(CAST(:rows AS text) AS jsonb)) AS given (
            id uuid, entity_id uuid, form text, locale text, context_tag text, origin text, ai_model text, prompt_version text,
            prompt_hash text, text text, version integer, accepted_seq bigint, job_id uuid, shown boolean, becomes_default boolean)
    ), written AS (
        INSERT INTO texts (id, entity_id, form, locale, context_tag, origin, ai_model, prompt_version, prompt_hash, text,
            version, accepted_seq, job_id, archived_at)
        SELECT id, entity_id, form, locale, context_tag, origin, ai_model, prompt_version, prompt_hash, text,
            version, accepted_seq, job_id, CASE WHEN NOT shown THEN now() END
        FROM given
    )
    UPDATE entities SET version = entities.version + 1, updated_at = now(),
        default_text_id = CASE WHEN becomes_default THEN given.id ELSE default_text_id END
    FROM given WHERE entities.id = given.entity_id AND given.shown AND given.job_id IS NOT NULL
    """
)
