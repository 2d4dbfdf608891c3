"""Entities and their texts in PostgreSQL."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
import structlog
from sqlalchemy import RowMapping, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from generator.adapters.known_entities import MAX_TOGETHER, Asked, KnownEntities
from generator.adapters.publications import Publication, finish, locked, publish_all, result_of
from generator.ports import MAX_ARCHIVED, Draft, Known, Shelf, Text
from shared.batching import Batches
from shared.db.endings import is_current
from shared.db.engine import Database, Transaction, sqlstate
from shared.db.entity_slugs import candidates
from shared.db.facts import create_entity
from shared.db.tables import entities, jobs, slug_aliases
from shared.entities import CANONICAL_LOCALE, SHORT_FORMS, ContextTag, EntityKind, Facts
from shared.errors import LeaseLost, Transient, failure
from shared.events import GenerationRequested
from shared.faults import crash_point
from shared.jobs import Attempt, FailureType, Identity, Result
from shared.telemetry.context import current_traceparent

UNIQUE_VIOLATION = "23505"

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


class _ApartError(Exception):
    """One text of several is not right, or waits for a lock: it must not spoil the others."""


class PostgresLibrary:
    """Implements `Library`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known = KnownEntities(database)
        self._shelved = Batches(self._shelves, limit=MAX_TOGETHER)
        self._published = Batches(self._publish_together, limit=MAX_TOGETHER, calls=2)

    async def find(self, kind: EntityKind, slug: str, entity_id: UUID | None) -> Known | None:
        return await self._known.find(Asked(kind, slug, entity_id))

    async def find_by_tmdb(self, kind: EntityKind, tmdb_id: int) -> Known | None:
        return await self._known.find(Asked(kind, tmdb_id=tmdb_id))

    async def free_slug(self, facts: Facts) -> str:
        wanted = candidates(facts)
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
        return await self._shelved(
            {
                "dedupe_key": identity.dedupe_key,
                "job_id": attempt.job_id,
                "accepted_at": attempt.created_at,
                "kind": identity.kind,
                "tmdb_id": tmdb_id,
                "form": identity.form,
                "locale": identity.locale,
                "source_locale": CANONICAL_LOCALE
                if identity.form in SHORT_FORMS and identity.locale != CANONICAL_LOCALE
                else None,
            }
        )

    async def _shelves(self, asked: Sequence[dict[str, Any]]) -> list[Shelf]:
        rows = [one | {"n": n} for n, one in enumerate(asked)]
        given = {"rows": orjson.dumps(rows, default=str).decode(), "archived": MAX_ARCHIVED}
        found = await self._database.read(_SHELVES, given)
        texts: list[list[RowMapping]] = [[] for _ in asked]
        for row in found.mappings():
            texts[row["n"]].append(row)
        return list(map(_shelf, texts))

    async def publish(self, attempt: Attempt, event: GenerationRequested, draft: Draft) -> None:
        entity_id = None if draft.subject.fresh else draft.subject.entity_id
        result = await self._published(Publication(attempt, event, draft, entity_id)) if entity_id else None
        if not isinstance(result, Result):
            result = await self._database.run(lambda tx: _publish_alone(tx, attempt, event, draft))
        _log(result, "text.published")

    async def _publish_together(self, wanted: Sequence[Publication]) -> list[Result | None]:
        """None for those that have to go by themselves; whoever has lost its job hears so there."""

        async def work(tx: Transaction) -> dict[UUID, Result | None]:
            await tx.execute(_SHORT_WAITS)
            try:
                return await publish_all(tx, wanted, patient=False)
            except DBAPIError as error:
                raise _ApartError from error

        try:
            published = await self._database.run(work)
        except (_ApartError, LeaseLost):
            log.warning("publications.apart", texts=len(wanted))
            return [None] * len(wanted)
        return [published.get(one.attempt.job_id) for one in wanted]

    async def share(self, attempt: Attempt, event: GenerationRequested, text: Text) -> None:
        async def work(tx: Transaction) -> Result:
            entity = (await locked(tx, {text.entity_id})).get(text.entity_id)
            if entity is None:
                raise _gone()
            default = entity["default_text_id"] == text.id
            result = result_of(entity, text.id, version=entity["version"], tag=text.context_tag, became_default=default)
            if not await finish(tx, [(attempt, event, result, current_traceparent())]):
                raise LeaseLost(str(attempt.job_id))
            await crash_point("consumer.before_commit")
            return result

        _log(await self._database.run(work), "text.shared")


async def _publish_alone(tx: Transaction, attempt: Attempt, event: GenerationRequested, draft: Draft) -> Result:
    entity_id = draft.subject.entity_id
    if draft.subject.fresh or entity_id is None:
        entity_id = (await create_entity(tx, draft.subject.facts)).id
    published = await publish_all(tx, [Publication(attempt, event, draft, entity_id)])
    if attempt.job_id not in published:
        raise _gone()
    if (result := published[attempt.job_id]) is None:
        raise LeaseLost(str(attempt.job_id))
    return result


def _gone() -> Transient:
    return Transient(failure(FailureType.UNKNOWN_ERROR, "the entity is gone"))


def _shelf(rows: Sequence[RowMapping]) -> Shelf:
    own, english = ([row for row in rows if row["is_source"] is is_source] for is_source in (False, True))
    current = next((row for row in english if row["archived_at"] is None), None)
    translated = current is not None and any(row["created_at"] >= current["created_at"] for row in own)
    return Shelf(
        texts=tuple(_text(row) for row in own if row["archived_at"] is None),
        twin=next((_text(row) for row in own if row["twin"]), None),
        archived=tuple(_text(row) for row in own if row["archived_at"] is not None),
        source=None if current is None or translated else _text(current),
        sources=tuple(map(_text, english)),
    )


def _text(row: RowMapping) -> Text:
    return Text(row["id"], row["entity_id"], ContextTag(row["context_tag"]), row["text"])


def _log(result: Result, event: str) -> None:
    log.info(event, slug=result.slug, text_id=str(result.text_id), became_default=result.became_default)


_SHORT_WAITS = text("SET LOCAL lock_timeout = '200ms'")
_SHELVES = text(
    """
    SELECT asked.n, found.*,
        found.archived_at IS NULL AND NOT is_source AND jobs.dedupe_key = asked.dedupe_key AND jobs.id <> asked.job_id
            AND found.created_at > asked.accepted_at AS twin
    FROM jsonb_to_recordset(CAST(CAST(:rows AS text) AS jsonb)) AS asked (
        n integer, dedupe_key uuid, job_id uuid, accepted_at timestamptz, kind text, tmdb_id integer, form text, locale text,
        source_locale text)
    JOIN entities ON entities.kind = asked.kind AND entities.tmdb_id = asked.tmdb_id
    CROSS JOIN LATERAL (
        SELECT texts.id, texts.entity_id, texts.context_tag, texts.text, texts.job_id, texts.created_at, texts.archived_at,
            texts.locale <> asked.locale AS is_source,
            row_number() OVER (
                PARTITION BY texts.locale, texts.context_tag, texts.archived_at IS NULL ORDER BY texts.created_at DESC, texts.id
            ) AS place
        FROM texts
        WHERE texts.entity_id = entities.id AND texts.form = asked.form
            AND texts.locale IN (asked.locale, asked.source_locale)
    ) AS found
    LEFT JOIN jobs ON jobs.id = found.job_id
    WHERE found.place <= :archived
    ORDER BY found.created_at DESC, found.id
    """
)
