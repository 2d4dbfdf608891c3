"""Read an entity, or start the job that will make it readable."""

from dataclasses import dataclass
from uuid import UUID

from gateway.ports import Accepted, Answer, EntityRef, Flags, JobStore, OverBudget
from gateway.read_ports import (
    Choice,
    Entities,
    Entity,
    RenderDetail,
    Representation,
    ResponseCache,
    Spelling,
    StoredText,
    Wanted,
)
from gateway.usecases.look_up import LookUp, offers
from gateway.usecases.request_generation import GenerationRequest, Implausible, RequestGeneration
from gateway.usecases.single_flight import SingleFlight
from shared import slugs
from shared.catalog import Found, Missing, OtherYear, Several
from shared.clock import Clock
from shared.entities import KINDS, EntityKind, Locale
from shared.jobs import Identity

VERIFICATION = {
    EntityKind.MOVIE: "tmdb_verification",
    EntityKind.PERSON: "tmdb_verification",
    EntityKind.TV_SERIES: "tvmaze_verification",
    EntityKind.TV_SHOW: "tvmaze_verification",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for, whoever asks. `slug` and `choice`, the selected option of a 300, are as sent."""

    kind: EntityKind
    slug: str
    wanted: Wanted
    choice: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """`slug` is the canonical one when another was asked for, None otherwise."""

    shown: Representation
    slug: str | None = None


@dataclass(frozen=True, slots=True)
class Former:
    """The entity has the canonical `slug` now."""

    slug: str


@dataclass(frozen=True, slots=True)
class NoSuchText:
    text_id: UUID
    slug: str


@dataclass(frozen=True, slots=True)
class Queued:
    """A job is on its way; it and its event are committed."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Refused:
    """The slug cannot be one: `characters`, `length`, `hostile` or `implausible`."""

    slug: str
    reason: str
    confidence: float


@dataclass(frozen=True, slots=True)
class NotFound:
    """`known` holds what the catalogue has instead, None when it was not asked."""

    slug: str
    known: Missing | OtherYear | None = None


@dataclass(frozen=True, slots=True)
class Ambiguous:
    slug: str
    several: Several


@dataclass(frozen=True, slots=True)
class NotACandidate:
    slug: str


Outcome = Shown | Former | NoSuchText | Queued | Refused | NotFound | Ambiguous | NotACandidate | OverBudget


@dataclass(frozen=True, slots=True)
class _ToQueue:
    """A text is to be written: for `entity`, else for what `canonical` names."""

    slug: str
    canonical: str
    entity: EntityRef | None = None


_Decision = Shown | Former | NoSuchText | _ToQueue | Refused | NotFound | Ambiguous | NotACandidate


class ReadEntity:
    """The decision table of detail reads, the same for all kinds; nothing is stored for an entity before its existence is proven.

    A cached answer costs one round trip to the cache and nothing else. What fills the cache was built from one snapshot of the
    database together with the version it carries, so it is exactly what that version looks like. Every visible change commits a
    greater version and announces it before anyone is told of the change; from then on the cache refuses the older one, however late
    its reader is. Kept is only what depends on this entity alone: not an answer that lists namesakes or waits for a missing text.
    """

    def __init__(
        self,
        *,
        entities: Entities,
        cache: ResponseCache,
        jobs: JobStore,
        request_generation: RequestGeneration,
        look_up: LookUp,
        flags: Flags,
        clock: Clock,
        render: RenderDetail,
    ) -> None:
        self._entities = entities
        self._cache = cache
        self._jobs = jobs
        self._request_generation = request_generation
        self._look_up = look_up
        self._flags = flags
        self._clock = clock
        self._render = render
        self._decisions: SingleFlight[_Decision] = SingleFlight()

    async def recall(self, asked: Asked) -> Shown | None:
        """The cached answer, if there is one: the first step of a read by itself."""
        if asked.choice is not None:
            return None
        try:
            slug = slugs.normalise(asked.slug)
        except slugs.SlugError:
            return None
        cached = await self._cache.get(asked.kind, slug, asked.wanted)
        return None if cached is None else Shown(cached, _elsewhere(asked, slug))

    async def __call__(self, asked: Asked, caller: str, *, queues: bool = True) -> Outcome:
        """With `queues` off no job is started or joined. Raises Unavailable: "postgres", or "tmdb" as the only proof of existence."""
        try:
            slug = slugs.normalise(asked.choice or asked.slug)
        except slugs.SlugError as error:
            sent = asked.choice or asked.slug
            return Refused(sent, error.reason, 0.0) if self._generates(asked.kind) else NotFound(sent)
        if (cached := await self.recall(asked)) is not None:
            return cached
        decision = await self._decisions(asked, lambda: self._decide(asked, slug))
        if not isinstance(decision, _ToQueue):
            return decision
        return await self._queue(asked, decision, caller) if queues else NotFound(slug)

    async def _decide(self, asked: Asked, slug: str) -> tuple[_Decision, bool]:
        naming = await self._entities.named(asked.kind, slug)
        if naming is None:
            return await self._missing(asked, slug), False
        first, *others = naming.choices
        if naming.spelling is Spelling.FORMER and asked.choice is None:
            return Former(first.slug), False
        entity = await self._entities.load(asked.kind, first.id)
        if entity is None:
            return NotFound(slug), False
        unique = not others and first.version == entity.version  # a namesake of a later moment would be a later version
        return await self._stored(asked, slug, entity, tuple(others), keep=unique)

    async def _stored(
        self, asked: Asked, slug: str, entity: Entity, others: tuple[Choice, ...], *, keep: bool
    ) -> tuple[_Decision, bool]:
        wanted, canonical = asked.wanted, entity.slug
        if wanted.text_id is not None and entity.text(wanted.text_id) is None:
            return NoSuchText(wanted.text_id, canonical), False
        text = select_text(entity, wanted)
        if text is None and (await self._active(asked, canonical) or self._generates(asked.kind)):
            return _ToQueue(slug, canonical, entity.ref), False
        shown = self._render(entity, wanted, text, others)
        kept = keep and text is not None and await self._cache.fill(entity, wanted, shown)
        return Shown(shown, _elsewhere(asked, canonical)), kept

    async def _missing(self, asked: Asked, slug: str) -> _Decision:
        if asked.choice is None and await self._active(asked, slug):
            return _ToQueue(slug, slug)
        if not self._generates(asked.kind):
            return NotFound(slug)
        plausibility = slugs.plausibility(asked.kind, slug, self._clock.now().year)
        if not plausibility.plausible:
            return Refused(slug, plausibility.reason or "implausible", plausibility.confidence)
        if not self._flags.enabled(VERIFICATION[asked.kind]):
            return _ToQueue(slug, slug)
        return await (self._look(asked, slug) if asked.choice is None else self._choose(asked, slug))

    async def _look(self, asked: Asked, slug: str) -> _Decision:
        answer, canonical = await self._look_up(asked.kind, slug)
        match answer:
            case Found(facts):
                return await self._proven(asked, slug, facts.tmdb_id, canonical)
            case Several():
                return Ambiguous(slug, answer)
            case Missing() | OtherYear():
                return NotFound(slug, answer)

    async def _choose(self, asked: Asked, slug: str) -> _Decision:
        try:
            answer, canonical = await self._look_up(asked.kind, slugs.normalise(asked.slug))
        except slugs.SlugError:
            return NotACandidate(slug)
        tmdb_id = offers(answer, slug)
        if tmdb_id is None:
            return NotACandidate(slug)
        return await self._proven(asked, slug, tmdb_id, canonical if isinstance(answer, Found) else slug)

    async def _proven(self, asked: Asked, slug: str, tmdb_id: int, canonical: str) -> _Decision:
        """It exists; and it may be stored, when the slug is a spelling that only the catalogue understands."""
        entity_id = await self._entities.by_tmdb_id(asked.kind, tmdb_id)
        entity = await self._entities.load(asked.kind, entity_id) if entity_id else None
        if entity is None:
            return _ToQueue(slug, canonical)
        decision, _ = await self._stored(asked, slug, entity, (), keep=False)
        return decision

    async def _queue(self, asked: Asked, work: _ToQueue, caller: str) -> Queued | Refused | OverBudget:
        identity = _identity(asked, work.canonical)
        request = GenerationRequest(
            kind=identity.kind,
            slug=work.slug,
            requested_slug=work.slug,
            locale=identity.locale,
            form=identity.form,
            caller=caller,
            confidence=slugs.plausibility(asked.kind, work.slug, self._clock.now().year).confidence,
            entity=work.entity,
            canonical_slug=work.canonical,
        )
        match await self._request_generation(request):
            case Accepted(answer=answer):
                return Queued(answer)
            case OverBudget() as refused:
                return refused
            case Implausible():  # what was stored or running under this slug a moment ago is gone
                return Refused(work.slug, "implausible", request.confidence)
            case unexpected:  # neither a key nor an entity id was given
                raise AssertionError(unexpected)

    async def _active(self, asked: Asked, slug: str) -> bool:
        return await self._jobs.active(_identity(asked, slug).dedupe_key) is not None

    def _generates(self, kind: EntityKind) -> bool:
        return self._flags.enabled(KINDS[kind].flag)


def select_text(entity: Entity, wanted: Wanted) -> StoredText | None:
    """The text with the wanted id; else of the wanted locale the default text, the one tagged DEFAULT or the newest; else any."""
    if wanted.text_id is not None:
        return entity.text(wanted.text_id)
    fitting = [text for text in entity.texts if wanted.locale in {None, text.locale}]
    if entity.default_text in fitting:
        return entity.default_text
    return max(fitting, key=lambda text: (text.context_tag == "DEFAULT", text.created_at, text.id), default=None)


def _elsewhere(asked: Asked, canonical: str) -> str | None:
    """The canonical slug, when it is not what was asked for."""
    return canonical if asked.choice is not None or asked.slug != canonical else None


def _identity(asked: Asked, slug: str) -> Identity:
    return Identity(asked.kind, slug, KINDS[asked.kind].form, asked.wanted.locale or Locale.EN, None)
