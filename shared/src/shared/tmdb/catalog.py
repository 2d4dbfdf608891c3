"""Looking slugs up in TMDb."""

import asyncio
import re
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Protocol

from shared import reading, slugs
from shared.catalog import Found, Lookup, Missing, OtherYear, Several
from shared.clock import Clock
from shared.entities import Candidate, EntityKind, Facts, MovieDetails, PersonDetails
from shared.errors import Transient, failure
from shared.jobs import FailureType
from shared.slugs import ParsedSlug
from shared.tmdb import credits_of, mapping
from shared.tmdb.client import TmdbClient
from shared.tmdb.memory import Memory

MAX_DETAILS = 5
MAX_OPTIONS = 10
MAX_NEAR = 5
_ALIKE = 0.4
_PAGE = 20
_TV = frozenset({EntityKind.TV_SERIES, EntityKind.TV_SHOW})
_CLITIC = re.compile(r"(?<=[a-z])-(s|t|ll|re|ve)(?=-|$)")


class Catalog(Protocol):
    """What is known to exist. Raises `Transient` or `Unavailable("tmdb")` when it cannot tell, never a wrong answer."""

    async def lookup(self, kind: EntityKind, slug: str) -> Lookup:
        """What a normalised slug means: its title, year and tail must match, accents and punctuation aside."""
        ...

    async def facts(self, kind: EntityKind, tmdb_id: int) -> Facts | None:
        """Fresh facts of a known entity, None when it is gone; an entity that was merged comes with its new id."""
        ...

    async def search(
        self, kind: EntityKind, query: str, *, year: int | None = None, limit: int = _PAGE
    ) -> tuple[Candidate, ...]:
        """At most `limit` hits, best first, without a call per hit; the kind of a TV hit is probable only."""
        ...


class TmdbCatalog:
    """The catalogue over TMDb. A lookup or search ends within `deadline_s` and fetches details at most five times."""

    def __init__(self, client: TmdbClient, clock: Clock, *, deadline_s: float = 3.0) -> None:
        self._client = client
        self._clock = clock
        self._deadline_s = deadline_s

    async def lookup(self, kind: EntityKind, slug: str) -> Lookup:
        try:
            async with asyncio.timeout(self._deadline_s):
                return await _Inquiry(self._client, kind).answer(slugs.readings(kind, slug, self._clock.now().year))
        except TimeoutError:
            raise _too_late() from None

    async def facts(self, kind: EntityKind, tmdb_id: int) -> Facts | None:
        document = await self._client.details(kind, tmdb_id)
        return None if document is None else mapping.facts(kind, document)

    async def search(
        self, kind: EntityKind, query: str, *, year: int | None = None, limit: int = _PAGE
    ) -> tuple[Candidate, ...]:
        try:
            async with asyncio.timeout(self._deadline_s):
                first = await self._client.search(kind, query, year=year)
                last = min(reading.integer(first, "total_pages") or 1, -(-limit // _PAGE))
                others = (self._client.search(kind, query, year=year, page=page) for page in range(2, last + 1))
                pages = [first, *await asyncio.gather(*others)]
        except TimeoutError:
            raise _too_late() from None
        hits = [hit for page in pages for hit in reading.items(page, "results")]
        fitting = (hit for hit in hits if kind not in _TV or credits_of.probable_kind(hit) is kind)
        found = filter(None, (mapping.candidate(kind, hit) for hit in fitting))
        return tuple({candidate.tmdb_id: candidate for candidate in found}.values())[:limit]


@dataclass(slots=True)
class _Inquiry:
    """One lookup: what it has seen, and what it may still spend on details."""

    client: TmdbClient
    kind: EntityKind
    seen: dict[int, Candidate] = field(default_factory=dict[int, Candidate])
    known: dict[int, Facts | None] = field(default_factory=dict[int, Facts | None])

    async def answer(self, readings: Sequence[ParsedSlug]) -> Lookup:
        other_year: OtherYear | None = None
        for parsed, query in self._attempts(readings):
            match await self._read(parsed, query):
                case Found() | Several() as answer:
                    return answer
                case other:
                    other_year = other_year or other
        translated = await self._translated(readings)
        return translated or other_year or Missing(await self._near(readings[0].title_part))

    def _attempts(self, readings: Sequence[ParsedSlug]) -> Iterator[tuple[ParsedSlug, str]]:
        for parsed in readings:
            yield parsed, _query(parsed.title_part)
        if not self.seen:  # a spelling mistake: TMDb matches whole words and their beginnings
            yield readings[0], _stem(readings[0].title_part)

    async def _read(self, parsed: ParsedSlug, query: str) -> Found | Several | OtherYear | None:
        """Searches with the year first: a page of 20 may not reach an old film of a common title without it."""
        answer: Found | Several | OtherYear | None = None
        for year in dict.fromkeys((None if self.kind is EntityKind.PERSON else parsed.year, None)):
            page = await self.client.search(self.kind, query, year=year)
            found = (mapping.candidate(self.kind, hit) for hit in reading.items(page, "results"))
            hits = [candidate for candidate in found if candidate]
            self.seen |= {candidate.tmdb_id: candidate for candidate in hits if candidate.tmdb_id not in self.seen}
            answer = await self._judge(parsed, hits)
            if isinstance(answer, Found | Several):
                break
        return answer

    async def _judge(self, parsed: ParsedSlug, hits: Sequence[Candidate]) -> Found | Several | OtherYear | None:
        elsewhen: list[Candidate] = []
        for named in _by_exactness(hits, parsed.title_part):
            proven = named if self.kind is EntityKind.MOVIE else await self._proven(named)
            same = await self._with_tail(parsed, [one for one in proven if _year_fits(parsed, one)])
            if answer := await self._settle(same):
                return answer
            elsewhen += proven
        dated = [(abs(one.year - parsed.year), one) for one in elsewhen if one.year and parsed.year]
        if parsed.year is None or not dated or any(distance == 0 for distance, _ in dated):
            return None
        return OtherYear(min(dated, key=lambda pair: (pair[0], -pair[1].popularity))[1], parsed.year)

    async def _settle(self, same: Sequence[Candidate]) -> Found | Several | None:
        if len(same) > 1:
            newest_first = sorted(same, key=lambda one: (-(one.year or 0), -one.popularity))
            return Several(tuple(newest_first[:MAX_OPTIONS]), tuple(newest_first[MAX_OPTIONS:]))
        facts = await self._facts(same[0]) if same else None
        return Found(facts) if facts else None

    async def _with_tail(self, parsed: ParsedSlug, same: Sequence[Candidate]) -> Sequence[Candidate]:
        if parsed.tail is None:
            return same
        if parsed.number is not None:  # counted as `slugs.option_slugs` numbers them
            return sorted(same, key=lambda one: one.tmdb_id)[parsed.number - 1 : parsed.number]
        return [one for one in await self._proven(same) if _tail_fits(self.known.get(one.tmdb_id), parsed.tail)]

    async def _proven(self, some: Sequence[Candidate]) -> list[Candidate]:
        """Those that exist and are of the kind, as their details describe them, as far as the budget goes."""
        found = await asyncio.gather(*(self._facts(one) for one in some))
        return [mapping.offered(facts) for facts in found if facts]

    async def _facts(self, one: Candidate) -> Facts | None:
        if one.tmdb_id not in self.known and len(self.known) < MAX_DETAILS:
            self.known[one.tmdb_id] = None  # spent, also if the call fails
            document = await self.client.details(self.kind, one.tmdb_id)
            if document is not None and (self.kind not in _TV or mapping.tv_kind(document) is self.kind):
                try:
                    self.known[one.tmdb_id] = mapping.facts(self.kind, document)
                except mapping.MappingError:
                    return None
        return self.known.get(one.tmdb_id)

    async def _translated(self, readings: Sequence[ParsedSlug]) -> Found | Several | None:
        """TMDb finds titles in other languages but shows the English one: only the details tell."""
        if self.kind is EntityKind.PERSON:
            return None
        years = {parsed.year for parsed in readings if parsed.year}
        await self._proven([one for one in self.seen.values() if not years or one.year in years])
        facts = [one for one in self.known.values() if one]
        for parsed in readings:
            named = [
                mapping.offered(one)
                for one in facts
                if parsed.title_part in {slugs.slugify(title) for title in one.titles.values()}
            ]
            same = await self._with_tail(parsed, [one for one in named if _year_fits(parsed, one)])
            if answer := await self._settle(same):
                return answer
        return None

    async def _near(self, title: str) -> tuple[Candidate, ...]:
        ranked = sorted(((_likeness(one, title), one) for one in self.seen.values()), key=lambda pair: -pair[0])
        near = [one for likeness, one in ranked if likeness >= _ALIKE]
        return tuple(await self._proven(near) if self.kind in _TV else near)[:MAX_NEAR]


class CachedCatalog:
    """Lookups and searches of `catalog`, each made once however many ask for it at the same time.

    What was found is remembered for `positive_s`, that nothing was for `negative_s`; errors are not. Facts pass through.
    """

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        *,
        positive_s: float = 600.0,
        negative_s: float = 60.0,
        max_entries: int = 64,  # a person's document takes megabytes
        max_searches: int = 256,  # a hundred hits take 100 kB
    ) -> None:
        self._catalog = catalog
        self._lookups = Memory[Lookup](
            clock,
            lasting_s=lambda answer: positive_s if isinstance(answer, Found | Several) else negative_s,
            max_entries=max_entries,
        )
        self._searches = Memory[tuple[Candidate, ...]](
            clock, lasting_s=lambda hits: positive_s if hits else negative_s, max_entries=max_searches
        )

    async def lookup(self, kind: EntityKind, slug: str) -> Lookup:
        return await self._lookups((kind, slug), lambda: self._catalog.lookup(kind, slug))

    async def facts(self, kind: EntityKind, tmdb_id: int) -> Facts | None:
        return await self._catalog.facts(kind, tmdb_id)

    async def search(
        self, kind: EntityKind, query: str, *, year: int | None = None, limit: int = _PAGE
    ) -> tuple[Candidate, ...]:
        def ask() -> Awaitable[tuple[Candidate, ...]]:
            return self._catalog.search(kind, query, year=year, limit=limit)

        return await self._searches((kind, query, year, limit), ask)


def _by_exactness(hits: Sequence[Candidate], title: str) -> Iterator[list[Candidate]]:
    """Hits called `title`: by their title, else their original title, else but for the hyphens (`walle`, `oceans`)."""
    by_title = [one for one in hits if slugs.slugify(one.title) == title]
    original = [one for one in hits if one not in by_title and slugs.slugify(one.original_title or "") == title]
    joined = title.replace("-", "")
    loose = [
        one
        for one in hits
        if one not in by_title
        and one not in original
        and joined in {slugs.slugify(name or "").replace("-", "") for name in (one.title, one.original_title)}
    ]
    return (named for named in (by_title, original, loose) if named)


def _year_fits(parsed: ParsedSlug, one: Candidate) -> bool:
    if parsed.year is None:
        return parsed.number is None or one.year is None
    return one.year == parsed.year


def _tail_fits(facts: Facts | None, tail: str) -> bool:
    match facts and facts.details:
        case MovieDetails(director=str(names)) | PersonDetails(birthplace=str(names)):
            parts = names.split(",")
            return tail in {slugs.slugify(names), *map(slugs.slugify, parts)}
        case _:
            return False


def _query(title: str) -> str:
    """What TMDb's word search is asked for a title part: `ocean-s-eleven` is `ocean's eleven`."""
    return _CLITIC.sub(r"'\1", title).replace("-", " ")


def _stem(title: str) -> str:
    longest = max(title.split("-"), key=len)
    return longest[: max(4, len(longest) - 2)]


def _likeness(one: Candidate, title: str) -> float:
    return SequenceMatcher(None, slugs.slugify(one.title), title).ratio()


def _too_late() -> Transient:
    return Transient(failure(FailureType.TIMEOUT, "TMDb did not answer in time"))
