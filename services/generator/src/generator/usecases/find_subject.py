"""Facts first: nothing is written about what is not proven to exist."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import TypeVar

from generator.ports import Catalog, Known, Library, Subject
from shared import slugs
from shared.catalog import Found, Missing, OtherYear, Several
from shared.entities import Candidate, EntityKind, Facts
from shared.errors import Permanent, Transient, Unavailable, failure
from shared.jobs import Attempt, Failure, FailureType, Suggestion

MAX_SUGGESTIONS = 5
T = TypeVar("T")


class FindSubject:
    """Finds what a job is about: in the library, else in the catalogue."""

    def __init__(self, *, library: Library, catalog: Catalog) -> None:
        self._library = library
        self._catalog = catalog

    async def __call__(self, attempt: Attempt) -> Subject:
        """The subject with its canonical slug. Raises Permanent with NOT_FOUND, Transient while the catalogue is away."""
        known = await self._library.find(attempt.entity_kind, attempt.slug, attempt.entity_id)
        if known is not None:
            return _stored(known) if known.complete else await self._completed(known)
        facts = await self._look_up(attempt)
        known = await self._library.find_by_tmdb(facts.kind, facts.tmdb_id)
        if known is None:
            return Subject(await self._library.free_slug(facts), facts, fresh=True)
        if known.complete:
            return _stored(known)
        return Subject(known.slug, facts, fresh=True, entity_id=known.entity_id)

    async def near(self, facts: Facts) -> tuple[Suggestion, ...]:
        """At most five others of a similar name, each proven to be found under its slug; none while the catalogue is away."""
        try:
            hits = await self._catalog.search(facts.kind, facts.title, limit=MAX_SUGGESTIONS + 1)
            named = zip(hits, slugs.option_slugs(hits), strict=True)
            others = [(one, slug) for one, slug in named if one.tmdb_id != facts.tmdb_id][:MAX_SUGGESTIONS]
            proven = await asyncio.gather(*(self._leads_to(facts.kind, slug, one) for one, slug in others))
        except (Transient, Unavailable):
            return ()
        return tuple(_suggestion(one, slug) for (one, slug), leads in zip(others, proven, strict=True) if leads)

    async def _leads_to(self, kind: EntityKind, slug: str, candidate: Candidate) -> bool:
        found = await self._catalog.lookup(kind, slug)
        return isinstance(found, Found) and found.facts.tmdb_id == candidate.tmdb_id

    async def _completed(self, known: Known) -> Subject:
        """A person known from credits only gets facts now; without the catalogue, what is stored has to do."""
        try:
            facts = await self._catalog.facts(known.facts.kind, known.facts.tmdb_id)
        except (Transient, Unavailable):
            facts = None
        if facts is None or facts.tmdb_id != known.facts.tmdb_id:
            return _stored(known)
        return Subject(known.slug, facts, fresh=True, entity_id=known.entity_id)

    async def _look_up(self, attempt: Attempt) -> Facts:
        match await _reachable(self._catalog.lookup(attempt.entity_kind, attempt.slug)):
            case Found(facts):
                return facts
            case Several(candidates) as several:
                raise _not_found("the slug names several titles", candidates, several.slugs)
            case OtherYear(candidate, requested_year):
                message = f"nothing of that name is of {requested_year}"
                raise _not_found(message, (candidate,), slugs.option_slugs((candidate,)))
            case Missing(near) as missing:
                raise _not_found("the catalogue knows nothing of that name", near, missing.slugs)


def _stored(known: Known) -> Subject:
    return Subject(known.slug, known.facts, fresh=False, entity_id=known.entity_id)


async def _reachable(answer: Awaitable[T]) -> T:
    try:
        return await answer
    except Transient as cause:
        away = failure(FailureType.UNKNOWN_ERROR, f"catalogue unavailable: {cause.failure.technical_message}")
        raise Transient(away, retry_after_s=cause.retry_after_s, counted=cause.counted) from None
    except Unavailable as cause:
        away = failure(FailureType.UNKNOWN_ERROR, "catalogue unavailable")
        raise Transient(away, retry_after_s=cause.retry_after_s) from None


def _not_found(message: str, candidates: Sequence[Candidate], option_slugs: Sequence[str]) -> Permanent:
    pairs = list(zip(candidates, option_slugs, strict=True))[:MAX_SUGGESTIONS]
    suggestions = tuple(_suggestion(one, slug) for one, slug in pairs)
    return Permanent(Failure(type=FailureType.NOT_FOUND, technical_message=message, suggestions=suggestions))


def _suggestion(candidate: Candidate, slug: str) -> Suggestion:
    return Suggestion(slug=slug, title=candidate.title, year=candidate.year)
