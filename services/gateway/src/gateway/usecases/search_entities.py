"""Search what is stored and what the catalogue knows."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from gateway.answer_ports import AnswerCache
from gateway.ports import OverBudget
from gateway.read_ports import Representation, Wanted
from gateway.search_ports import Hit, Hits, SearchIndex, Slice
from gateway.usecases.find_external import FindExternal
from gateway.usecases.read_entity import Asked, Outcome, Queued
from gateway.usecases.recall_answer import RecallAnswer
from gateway.usecases.search_pages import facets, page_of, stretch
from gateway.usecases.search_results import ExternalHit, Question, RenderSearch, Results
from shared import slugs
from shared.errors import MovieMindError, Unavailable

CATALOGUE_S = 3.0
_ANSWERED = frozenset({"ok", "off"})


class ForeignCursor(MovieMindError):
    """A position in another search."""


@dataclass(frozen=True, slots=True)
class NoResults:
    """Nothing is called so, neither here nor in the catalogue."""


@dataclass(frozen=True, slots=True)
class _Passing:
    """Not to be kept: the catalogue did not answer, or what was searched for may be on its way."""

    results: Results
    shown: Representation


class SearchEntities:
    """Searches both at once; equal searches at the same time are one.

    A catalogue that is late or down costs its own hits and nothing else, and never makes it look as if something did not exist: then an
    empty answer is an answer. What was found nowhere is looked up as a slug, as a detail read does, and may start the same job. The
    catalogue has `CATALOGUE_S` seconds for both together.
    """

    def __init__(
        self,
        *,
        index: SearchIndex,
        external: FindExternal,
        read_entity: Callable[[Asked, str], Awaitable[Outcome]],
        cache: AnswerCache,
        render: RenderSearch,
    ) -> None:
        self._index = index
        self._external = external
        self._read_entity = read_entity
        self._render = render
        self._recall: RecallAnswer[_Passing] = RecallAnswer(cache)

    async def __call__(
        self, asked: Question, caller: str, *, queues: bool = True
    ) -> Representation | Queued | OverBudget | NoResults:
        """With `queues` off no job is started or joined. Raises Unavailable("postgres"), and ForeignCursor."""
        ends = asyncio.get_running_loop().time() + CATALOGUE_S
        question = f"search|{self._external.asks(asked)}|{asked!r}"
        found = await self._recall(asked.wanted.kind, question, lambda: self._answer(asked))
        if isinstance(found, Representation):
            return found
        if found.results.total or asked.wanted.text is None:
            return found.shown
        try:
            started = await self._started(asked, caller, ends) if queues else None
        except Unavailable as error:
            if error.dependency != "tmdb":
                raise
            return (
                found.shown if found.results.external_status not in _ANSWERED else self._unproven(asked, found.results)
            )
        if started is not None:
            return started
        return NoResults() if found.results.external_status in _ANSWERED else found.shown

    async def _answer(self, asked: Question) -> Representation | _Passing:
        results = await self._find(asked)
        shown = self._render(asked, results)
        lasting = results.external_status in _ANSWERED and (results.total or asked.wanted.text is None)
        return shown if lasting else _Passing(results, shown)

    def _unproven(self, asked: Question, results: Results) -> Representation:
        """The empty answer when the catalogue found nothing and then did not say whether the text is a slug it knows."""
        return self._render(asked, replace(results, external_status="unavailable"))

    async def _find(self, asked: Question) -> Results:
        local, external = await asyncio.gather(self._local(asked, stretch(asked)), self._external(asked))
        count = local.total if asked.local_limit is None else min(local.total, asked.local_limit)
        last = await self._last(asked, count) if count and not local.hits else None
        shown, following = page_of(asked, local.hits, count, last, external.hits)
        single = next(iter((*local.hits, *external.hits, *([last] if last else []))), None)
        return Results(
            shown=shown,
            local_count=count,
            external_count=len(external.hits),
            external_status=external.status,
            exact=single is not None and _exact(asked, single),
            facets=facets(asked.wanted.kind, local, external.hits),
            following=following,
        )

    async def _local(self, asked: Question, part: Slice) -> Hits:
        if asked.source == "external":
            return Hits((), 0, {})
        try:
            return await self._index.search(asked.wanted, part)
        except ValueError as error:
            raise ForeignCursor from error

    async def _last(self, asked: Question, count: int) -> Hit | None:
        """The last stored hit, seen from a page behind it."""
        part = Slice(limit=1, offset=count - 1, sort=asked.sort, descending=asked.descending)
        return next(iter((await self._index.search(asked.wanted, part, facets=False)).hits), None)

    async def _started(self, asked: Question, caller: str, ends: float) -> Queued | OverBudget | None:
        """The job that a detail read of the text starts or joins, or would if the caller might. Raises Unavailable."""
        slug = _slug(asked.wanted.text or "")
        if slug is None or not asked.bare or asked.source == "local":
            return None
        try:
            async with asyncio.timeout_at(ends):
                outcome = await self._read_entity(Asked(asked.wanted.kind, slug, Wanted()), caller)
        except TimeoutError:
            raise Unavailable("tmdb") from None
        return outcome if isinstance(outcome, Queued | OverBudget) else None


def _exact(asked: Question, hit: Hit | ExternalHit) -> bool:
    if asked.wanted.text is None:
        return True
    return hit.exact if isinstance(hit, Hit) else slugs.slugify(hit.title) == slugs.slugify(asked.wanted.text)


def _slug(text: str) -> str | None:
    """The slug of what was typed; None for what is no name."""
    try:
        return slugs.normalise(text)
    except slugs.SlugError as error:
        named = error.reason != "hostile" and any(map(str.isalnum, text))
        return slugs.slugify(text) if named else None
