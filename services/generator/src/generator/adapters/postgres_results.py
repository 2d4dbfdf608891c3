"""Entities and their texts in PostgreSQL."""

from itertools import islice
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, RowMapping, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from generator.ports import Draft, Known, Shelf, Text
from shared import ids, outbox, slugs, topology
from shared.db.attempts import complete, is_current
from shared.db.engine import Database, Transaction, sqlstate
from shared.db.entity_rows import SLUG_CANDIDATES
from shared.db.facts import create_entity, read_facts
from shared.db.tables import entities, jobs, slug_aliases, texts, tmdb_snapshots
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
        of_a_twin = (jobs.c.dedupe_key == identity.dedupe_key) & (jobs.c.id != attempt.job_id)
        found = await self._database.read(
            select(
                texts.c.id,
                texts.c.entity_id,
                texts.c.context_tag,
                texts.c.text,
                (of_a_twin & (texts.c.created_at > attempt.created_at)).label("twin"),
            )
            .join(entities, entities.c.id == texts.c.entity_id)
            .outerjoin(jobs, jobs.c.id == texts.c.job_id)
            .where(entities.c.kind == identity.kind, entities.c.tmdb_id == tmdb_id)
            .where(texts.c.form == identity.form, texts.c.locale == identity.locale, texts.c.archived_at.is_(None))
            .order_by(texts.c.created_at.desc(), texts.c.id)
        )
        rows = found.mappings().all()
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
    slot = (
        texts.c.entity_id == entity_id,
        texts.c.form == draft.form,
        texts.c.locale == draft.locale,
        texts.c.context_tag == draft.context_tag,
    )
    current = (await tx.execute(select(texts).where(*slot, texts.c.archived_at.is_(None)))).mappings().first()
    if current is not None and current["accepted_seq"] > attempt.accepted_seq:
        await _insert(tx, attempt, draft, entity_id, slot, archived=True)
        return _result(entity, current["id"], draft.context_tag, became_default=False)
    if current is not None:
        archived = update(texts).where(texts.c.id == current["id"])
        await tx.execute(archived.values(archived_at=func.now(), updated_at=func.now()))
    text_id = await _insert(tx, attempt, draft, entity_id, slot, archived=False)
    # an archived text is never served: its successor takes its place as the default, whatever the baseline was
    replaceable = {None, attempt.baseline_text_id, current["id"] if current else None}
    becomes_default = entity["default_text_id"] in replaceable
    changes: dict[str, Any] = {"version": entities.c.version + 1, "updated_at": func.now()}
    if becomes_default:
        changes["default_text_id"] = text_id
    shown = update(entities).where(entities.c.id == entity_id).values(changes).returning(entities)
    row = (await tx.execute(shown)).mappings().one()
    return _result(row, text_id, draft.context_tag, became_default=becomes_default)


async def _insert(
    tx: Transaction,
    attempt: Attempt,
    draft: Draft,
    entity_id: UUID,
    slot: tuple[ColumnElement[bool], ...],
    *,
    archived: bool,
) -> UUID:
    text_id = ids.row_id()
    newest = await tx.scalar(select(func.coalesce(func.max(texts.c.version), 0)).where(*slot))
    await tx.execute(
        insert(texts).values(
            id=text_id,
            entity_id=entity_id,
            form=draft.form,
            locale=draft.locale,
            context_tag=draft.context_tag,
            origin="GENERATED",
            ai_model=draft.ai_model,
            prompt_version=draft.prompt_version,
            text=draft.text,
            version=newest + 1,
            accepted_seq=attempt.accepted_seq,
            job_id=attempt.job_id,
            archived_at=func.now() if archived else None,
        )
    )
    return text_id


async def _complete(tx: Transaction, attempt: Attempt, event: GenerationRequested, result: Result) -> None:
    if result.text_id is None or result.context_tag is None:
        raise AssertionError("a generation leaves a text")
    await complete(tx, attempt, event, CONSUMER, result)
    await outbox.add(
        tx,
        GenerationCompleted(
            event_id=ids.row_id(),
            occurred_at=await tx.scalar(select(func.now())),
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
    row = (await tx.execute(select(entities).where(entities.c.id == entity_id).with_for_update())).mappings().first()
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


_FOUND = select(
    entities.c.id,
    entities.c.slug,
    select(tmdb_snapshots.c.entity_id).where(tmdb_snapshots.c.entity_id == entities.c.id).exists().label("complete"),
)
