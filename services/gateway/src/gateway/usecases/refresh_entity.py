"""Bring a stored entity's facts up to date: accept the job once, however many ask at the same time."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.ports import (
    Accepted,
    AcceptedJob,
    Answer,
    EntityIndex,
    EntityRef,
    IdempotencyKey,
    JobStore,
    KeyInUse,
    KeyReused,
    NewJob,
    Replayed,
    StoredAnswers,
)
from gateway.read_ports import Snapshots
from shared import slugs
from shared.entities import EntityKind
from shared.jobs import JobKind, refresh_dedupe_key


@dataclass(frozen=True, slots=True)
class RefreshRequest:
    """`slug` is as sent."""

    kind: EntityKind
    slug: str
    caller: str
    key: IdempotencyKey | None = None


@dataclass(frozen=True, slots=True)
class NotStored:
    pass


@dataclass(frozen=True, slots=True)
class NoSnapshot:
    """Stored, but nothing was ever fetched of it that could be renewed."""

    slug: str


class RefreshEntity:
    """Accepts a refresh, or joins the active one of the entity. The stored slug decides: any spelling will do, and none is looked up."""

    def __init__(
        self,
        *,
        index: EntityIndex,
        entities: Snapshots,
        jobs: JobStore,
        answers: StoredAnswers,
        render: Callable[[tuple[AcceptedJob, ...]], Answer],
    ) -> None:
        self._index = index
        self._entities = entities
        self._jobs = jobs
        self._answers = answers
        self._render = render

    async def __call__(
        self, request: RefreshRequest
    ) -> Accepted | Replayed | KeyReused | KeyInUse | NotStored | NoSnapshot:
        """Raises Unavailable("postgres")."""
        if request.key is not None:
            known = await self._answers.replay(request.caller, request.key)
            if known is not None:
                return known
        entity = await self._entity(request)
        if entity is None:
            return NotStored()
        if not await self._entities.has_snapshot(entity.id):
            return NoSnapshot(entity.slug)
        job = NewJob(
            kind=JobKind.REFRESH,
            entity_kind=request.kind,
            slug=entity.slug,
            requested_slug=slugs.normalise(request.slug),
            dedupe_key=refresh_dedupe_key(entity.id),
            entity_id=entity.id,
        )
        return await self._jobs.accept((job,), request.caller, self._render, request.key)

    async def _entity(self, request: RefreshRequest) -> EntityRef | None:
        try:
            return await self._index.resolve(request.kind, slugs.normalise(request.slug))
        except slugs.SlugError:
            return None
