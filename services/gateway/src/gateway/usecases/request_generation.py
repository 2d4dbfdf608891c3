"""Accept work: a text is wanted, and from now on the job that writes it cannot be lost."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from gateway.ports import (
    ANONYMOUS,
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
    OverBudget,
    Replayed,
    StoredAnswers,
)
from shared.entities import ContextTag, EntityKind, Form, Locale
from shared.jobs import Identity, JobKind
from shared.slugs import PLAUSIBLE


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """What is wanted, for whom. `slug` is normalised; `context_tags` holds at least one value, None for "any tag".

    An `entity` that is known already is not looked up again, `entity_id` is looked up instead of the slug. `canonical_slug` is the
    identity of an entity that is proven but not stored.
    """

    kind: EntityKind
    slug: str
    requested_slug: str
    locale: Locale
    form: Form
    caller: str
    confidence: float
    context_tags: tuple[ContextTag | None, ...] = (None,)
    force: bool = False
    key: IdempotencyKey | None = None
    entity: EntityRef | None = None
    entity_id: UUID | None = None
    canonical_slug: str | None = None


@dataclass(frozen=True, slots=True)
class UnknownEntity:
    """`entity_id` names no stored entity of that kind."""


@dataclass(frozen=True, slots=True)
class Implausible:
    """Nothing stored has this slug, and it does not look like the name of anything."""

    slug: str
    confidence: float


class RequestGeneration:
    """One job per distinct tag, all or none, committed with their events before the answer; an active job of an identity is joined.

    What a caller without a key starts counts against its budget.
    """

    def __init__(
        self,
        *,
        jobs: JobStore,
        answers: StoredAnswers,
        entities: EntityIndex,
        render: Callable[[tuple[AcceptedJob, ...]], Answer],
    ) -> None:
        self._jobs = jobs
        self._answers = answers
        self._entities = entities
        self._render = render

    async def replay(self, caller: str, key: IdempotencyKey | None) -> Replayed | KeyReused | None:
        """What the key already stands for; None without a key and for a new one. Raises Unavailable("postgres")."""
        return None if key is None else await self._answers.replay(caller, key)

    async def __call__(
        self, request: GenerationRequest
    ) -> Accepted | Replayed | KeyReused | KeyInUse | UnknownEntity | Implausible | OverBudget:
        """Raises Unavailable("postgres"): then nothing was stored, or the outcome is found again by the same key."""
        entity = await self._entity(request)
        if entity is None and (refused := _refused(request)) is not None:
            return await self.replay(request.caller, request.key) or refused
        wanted = tuple(_new_job(request, entity, tag) for tag in dict.fromkeys(request.context_tags))
        if request.caller.startswith(ANONYMOUS):
            (new,) = wanted  # several at once are asked for with a key only, as is a replay
            return await self._jobs.accept_anonymous(new, request.caller, self._render)
        return await self._jobs.accept(wanted, request.caller, self._render, request.key)

    async def _entity(self, request: GenerationRequest) -> EntityRef | None:
        if request.entity is not None:
            return request.entity
        if request.entity_id is not None:
            return await self._entities.by_id(request.kind, request.entity_id)
        return await self._entities.resolve(request.kind, request.canonical_slug or request.slug)


def _refused(request: GenerationRequest) -> UnknownEntity | Implausible | None:
    """Why nothing may be queued for what is not stored."""
    if request.entity_id is not None:
        return UnknownEntity()
    return Implausible(request.slug, request.confidence) if request.confidence < PLAUSIBLE else None


def _new_job(request: GenerationRequest, entity: EntityRef | None, tag: ContextTag | None) -> NewJob:
    slug = entity.slug if entity else request.canonical_slug or request.slug
    return NewJob(
        kind=JobKind.GENERATION,
        entity_kind=request.kind,
        slug=slug,
        requested_slug=request.requested_slug if request.entity_id is None else slug,
        dedupe_key=Identity(request.kind, slug, request.form, request.locale, tag).dedupe_key,
        entity_id=entity.id if entity else None,
        form=request.form,
        locale=request.locale,
        context_tag=tag,
        baseline_text_id=entity.default_text_id if entity else None,
        confidence=request.confidence,
        force=request.force,
    )
