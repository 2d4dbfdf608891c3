"""Entities and their texts in PostgreSQL."""

from collections.abc import Mapping
from itertools import islice
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, RowMapping, or_, select, text, update
from sqlalchemy.exc import IntegrityError

from generator.ports import Draft, Known, Shelf, Text
from shared import ids, outbox, slugs, topology
from shared.db.attempts import complete, is_current
from shared.db.engine import Database, Transaction, sqlstate
from shared.db.entity_rows import SLUG_CANDIDATES
from shared.db.facts import create_entity, read_facts
from shared.db.tables import entities, jobs, slug_aliases, tmdb_snapshots
from shared.entities import ContextTag, EntityKind, Facts
from shared.errors import LeaseLost, Transient, failure
from shared.events import GenerationCompleted, GenerationRequested
from shared.faults import crash_point
from shared.jobs import Attempt, FailureType, Identity, Result

CONSUMER = topology.GENERATION_REQUESTS.consumer
UNIQUE_VIOLATION = "23505"

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


class PostgresLibrary:
    """Implements `Library`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, kind: EntityKind, slug: str, entity_id: UUID | None) -> Known | None:
        former = select(slug_aliases.c.entity_id).where(slug_aliases.c.kind == kind, slug_aliases.c.slug == slug)
        named = or_(entities.c.slug == slug, entities.c.id.in_(former))
        # an entity's own slug wins over a former one of another
        best = (entities.c.id != entity_id, entities.c.slug != slug) if entity_id else (entities.c.slug != slug,)
        where = or_(entities.c.id == entity_id, named) if entity_id else named
        return await self._known((entities.c.kind == kind) & where, *best)

    async def find_by_tmdb(self, kind: EntityKind, tmdb_id: int) -> Known | None:
        return await self._known((entities.c.kind == kind) & (entities.c.tmdb_id == tmdb_id))

    async def _known(self, where: ColumnElement[bool], *best: ColumnElement[bool]) -> Known | None:
        async def work(tx: Transaction) -> Known | None:
            row = (await tx.execute(_FOUND.where(where).order_by(*best).limit(1))).mappings().first()
            facts = None if row is None else await read_facts(tx, row["id"])
            return None if row is None or facts is None else Known(row["id"], row["slug"], facts, row["complete"])

        return await self._database.run(work)

    async def free_slug(self, facts: Facts) -> str:
        wanted = list(islice(slugs.candidates(facts), SLUG_CANDIDATES))
        taken = select(entities.c.slug).where(entities.c.kind == facts.kind, entities.c.slug.in_(wanted))
        former = select(slug_aliases.c.slug).where(slug_aliases.c.kind == facts.kind, slug_aliases.c.slug.in_(wanted))
        found = set((await self._database.read(taken.union(former))).scalars().all())
        return next((slug for slug in wanted if slug not in found), wanted[-1])

    async def adopt(self, attempt: Attempt, identity: Identity) -> bool:
        async def work(tx: Transaction) -> None:
            adopted = await tx.execute(
                update(jobs).where(*is_current(attempt)).values(slug=identity.slug, dedupe_key=identity.dedupe_key)
            )
            if adopted.rowcount == 0:
                raise LeaseLost(str(attempt.job_id))

        try:
            await self._database.run(work)
        except IntegrityError as error:
            if sqlstate(error) == UNIQUE_VIOLATION:
                return False
            raise
        return True

    async def shelf(self, attempt: Attempt, identity: Identity, tmdb_id: int) -> Shelf:
        asked = {
            "dedupe_key": identity.dedupe_key,
            "job_id": attempt.job_id,
            "accepted_at": attempt.created_at,
            "kind": identity.kind,
            "tmdb_id": tmdb_id,
            "form": identity.form,
            "locale": identity.locale,
        }
        rows = (await self._database.read(_SHELF, asked)).mappings().all()
        return Shelf(tuple(map(_text, rows)), next((_text(row) for row in rows if row["twin"]), None))

    async def publish(self, attempt: Attempt, event: GenerationRequested, draft: Draft) -> None:
        async def work(tx: Transaction) -> Result:
            result = await _write(tx, attempt, draft)
            await _complete(tx, attempt, event, result)
            return result

        _log(await self._database.run(work), "text.published")

    async def share(self, attempt: Attempt, event: GenerationRequested, text: Text) -> None:
        async def work(tx: Transaction) -> Result:
            entity = await _locked(tx, text.entity_id)
            is_default = entity["default_text_id"] == text.id
            result = _result(entity, text.id, text.context_tag, became_default=is_default)
            await _complete(tx, attempt, event, result)
            return result

        _log(await self._database.run(work), "text.shared")


async def _write(tx: Transaction, attempt: Attempt, draft: Draft) -> Result:
    """Put the text into its slot. The lock on the entity makes versions, archiving and the default one step."""
    entity_id = draft.subject.entity_id
    if draft.subject.fresh or entity_id is None:
        entity_id = (await create_entity(tx, draft.subject.facts)).id
    entity = await _locked(tx, entity_id)
    slot = {
        "entity_id": entity_id,
        "form": draft.form,
        "locale": draft.locale,
        "context_tag": draft.context_tag,
    }
    filled = (await tx.execute(_SLOT, slot)).mappings().one()
    current_id = filled["current_id"]
    if current_id is not None and filled["current_seq"] > attempt.accepted_seq:
        await _insert(tx, attempt, draft, slot, filled["newest"] + 1, archived=True)
        return _result(entity, current_id, draft.context_tag, became_default=False)
    if current_id is not None:
        await tx.execute(_ARCHIVE, {"id": current_id})
    text_id = await _insert(tx, attempt, draft, slot, filled["newest"] + 1, archived=False)
    # an archived text is never served: its successor takes its place as the default, whatever the baseline was
    becomes_default = entity["default_text_id"] in {None, attempt.baseline_text_id, current_id}
    shown = {"entity_id": entity_id, "default_text_id": text_id if becomes_default else entity["default_text_id"]}
    row = (await tx.execute(_SHOW, shown)).mappings().one()
    return _result(row, text_id, draft.context_tag, became_default=becomes_default)


async def _insert(
    tx: Transaction,
    attempt: Attempt,
    draft: Draft,
    slot: Mapping[str, Any],
    version: int,
    *,
    archived: bool,
) -> UUID:
    text_id = ids.row_id()
    row = {
        **slot,
        "id": text_id,
        "ai_model": draft.ai_model,
        "prompt_version": draft.prompt_version,
        "text": draft.text,
        "version": version,
        "accepted_seq": attempt.accepted_seq,
        "job_id": attempt.job_id,
        "archived": archived,
    }
    await tx.execute(_INSERT, row)
    return text_id


async def _complete(tx: Transaction, attempt: Attempt, event: GenerationRequested, result: Result) -> None:
    if result.text_id is None or result.context_tag is None:
        raise AssertionError("a generation leaves a text")
    done = await complete(tx, attempt, event, CONSUMER, result)
    await outbox.add(
        tx,
        GenerationCompleted(
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
        ),
    )
    await crash_point("consumer.before_commit")


async def _locked(tx: Transaction, entity_id: UUID) -> RowMapping:
    row = (await tx.execute(_LOCK, {"entity_id": entity_id})).mappings().first()
    if row is None:
        raise Transient(failure(FailureType.UNKNOWN_ERROR, "the entity is gone"))
    return row


def _result(entity: RowMapping, text_id: UUID, tag: ContextTag, *, became_default: bool) -> Result:
    return Result(
        entity_id=entity["id"],
        slug=entity["slug"],
        entity_version=entity["version"],
        text_id=text_id,
        context_tag=tag,
        became_default=became_default,
        tmdb_id=entity["tmdb_id"],
    )


def _text(row: RowMapping) -> Text:
    return Text(row["id"], row["entity_id"], ContextTag(row["context_tag"]), row["text"])


def _log(result: Result, event: str) -> None:
    log.info(event, slug=result.slug, text_id=str(result.text_id), became_default=result.became_default)


_LOCK = text("SELECT id, slug, version, default_text_id, tmdb_id FROM entities WHERE id = :entity_id FOR UPDATE")
_SHELF = text(
    """
    SELECT texts.id, texts.entity_id, texts.context_tag, texts.text,
        jobs.dedupe_key = :dedupe_key AND jobs.id <> :job_id AND texts.created_at > :accepted_at AS twin
    FROM texts JOIN entities ON entities.id = texts.entity_id LEFT JOIN jobs ON jobs.id = texts.job_id
    WHERE entities.kind = :kind AND entities.tmdb_id = :tmdb_id AND texts.form = :form AND texts.locale = :locale
        AND texts.archived_at IS NULL
    ORDER BY texts.created_at DESC, texts.id
    """
)
_SLOT = text(
    """
    SELECT coalesce(max(version), 0) AS newest,
        (array_agg(id) FILTER (WHERE archived_at IS NULL))[1] AS current_id,
        max(accepted_seq) FILTER (WHERE archived_at IS NULL) AS current_seq
    FROM texts
    WHERE entity_id = :entity_id AND form = :form AND locale = :locale AND context_tag = :context_tag
    """
)
_ARCHIVE = text("UPDATE texts SET archived_at = now(), updated_at = now() WHERE id = :id")
_INSERT = text(
    """
    INSERT INTO texts (id, entity_id, form, locale, context_tag, origin, ai_model, prompt_version, text, version,
        accepted_seq, job_id, archived_at)
    VALUES (:id, :entity_id, :form, :locale, :context_tag, 'GENERATED', :ai_model, :prompt_version, :text, :version,
        :accepted_seq, :job_id, CASE WHEN CAST(:archived AS boolean) THEN now() END)
    """
)
_SHOW = text(
    """
    UPDATE entities SET version = version + 1, updated_at = now(), default_text_id = :default_text_id
    WHERE id = :entity_id RETURNING id, slug, version, default_text_id, tmdb_id
    """
)
_FOUND = select(
    entities.c.id,
    entities.c.slug,
    select(tmdb_snapshots.c.entity_id).where(tmdb_snapshots.c.entity_id == entities.c.id).exists().label("complete"),
)
