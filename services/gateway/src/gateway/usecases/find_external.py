"""What the catalogue has beside what is stored."""

import asyncio
from collections.abc import Sequence

from gateway.ports import EntityIndex, Flags
from gateway.search_ports import ExternalSearch, ExternalStatus, SearchFilter, SearchIndex
from gateway.usecases.read_entity import VERIFICATION
from gateway.usecases.search_pages import in_order
from gateway.usecases.search_results import External, ExternalHit, Question
from shared import slugs
from shared.clock import Clock
from shared.entities import Candidate, EntityKind
from shared.errors import Permanent, Transient, Unavailable
from shared.jobs import FailureType

_TV = (EntityKind.TV_SERIES, EntityKind.TV_SHOW)


class FindExternal:
    """Searches the catalogue, within `deadline_s` seconds in all and without a call per hit.

    A hit tells its name, its year and its genres, so only the filters on years and genres can be checked; a search with any other filter
    leaves the catalogue out, as does one without text. Whatever is stored is left out too, whether or not it matches: a stored entity
    is found among the stored ones or not at all. So is a hit that no slug leads to, because a stored entity of the same name answers to
    it; of people with one name the first is kept, whose slug leads to all of them. Raises Unavailable("postgres").
    """

    def __init__(
        self,
        *,
        catalog: ExternalSearch,
        index: SearchIndex,
        entities: EntityIndex,
        flags: Flags,
        clock: Clock,
        deadline_s: float = 3.0,
    ) -> None:
        self._catalog = catalog
        self._index = index
        self._entities = entities
        self._flags = flags
        self._clock = clock
        self._deadline_s = deadline_s

    def asks(self, asked: Question) -> bool:
        """Whether the catalogue takes part in this search."""
        wanted = asked.wanted
        checkable = SearchFilter(wanted.kind, wanted.text, wanted.genres, wanted.year_from, wanted.year_to)
        return (
            wanted.text is not None
            and wanted == checkable
            and asked.source != "local"
            and self._flags.enabled(VERIFICATION[wanted.kind])
        )

    async def __call__(self, asked: Question) -> External:
        if not self.asks(asked):
            return External((), "off")
        offered, status = await self._offered(asked)
        ordered = in_order(asked, offered)
        names = dict(zip((one.tmdb_id for one in ordered), _names(asked.wanted.kind, ordered), strict=True))
        fitting = [(place, one) for place, one in enumerate(ordered) if _fits(asked.wanted, one)]
        stored = await self._stored(asked.wanted.kind, tuple(one.tmdb_id for _, one in fitting))
        fresh = [(place, one) for place, one in fitting if one.tmdb_id not in stored]
        found = await asyncio.gather(*(self._slug(one, names[one.tmdb_id], ordered) for _, one in fresh))
        by_slug: dict[str, ExternalHit] = {}
        for (place, one), slug in zip(fresh, found, strict=True):
            if slug is not None:
                by_slug.setdefault(slug, ExternalHit(one, slug, place))
        return External(tuple(by_slug.values()), status)

    async def _offered(self, asked: Question) -> tuple[Sequence[Candidate], ExternalStatus]:
        wanted = asked.wanted
        year = wanted.year_from if wanted.year_from == wanted.year_to else None
        try:
            async with asyncio.timeout(self._deadline_s):
                text = wanted.text or ""
                return await self._catalog.search(wanted.kind, text, year=year, limit=asked.external_limit), "ok"
        except TimeoutError:
            return (), "timeout"
        except Transient as error:
            return (), "timeout" if error.failure.type is FailureType.TIMEOUT else "unavailable"
        except (Permanent, Unavailable):
            return (), "unavailable"

    async def _stored(self, kind: EntityKind, tmdb_ids: tuple[int, ...]) -> frozenset[int]:
        """A series and a show share their ids, and only details tell which of the two a hit is."""
        kinds = _TV if kind in _TV else (kind,)
        found = await asyncio.gather(*(self._index.stored(one, tmdb_ids) for one in kinds if tmdb_ids))
        return frozenset[int]().union(*found)

    async def _slug(self, one: Candidate, name: str, offered: Sequence[Candidate]) -> str | None:
        """A slug under which nothing is stored and the catalogue finds this hit, if there is one."""
        if not self._plausible(one.kind, name):
            return None
        taken = await self._entities.resolve(one.kind, name)
        if taken is None:
            return name
        if one.kind is EntityKind.PERSON or taken.tmdb_id is None:
            return None
        base = slugs.option_slugs([one])[0]
        known = {other.tmdb_id for other in offered if slugs.option_slugs([other])[0] == base}
        known |= {taken.tmdb_id} if one.year else set()
        numbered = f"{base}-{sorted(known).index(one.tmdb_id) + 1}"
        free = await self._entities.resolve(one.kind, numbered) is None
        return numbered if free and self._plausible(one.kind, numbered) else None

    def _plausible(self, kind: EntityKind, slug: str) -> bool:
        try:
            known = slugs.normalise(slug) == slug and slug not in slugs.RESERVED
        except slugs.SlugError:
            return False
        return known and slugs.plausibility(kind, slug, self._clock.now().year).plausible


def _names(kind: EntityKind, offered: Sequence[Candidate]) -> Sequence[str]:
    """The slugs of all that were offered: namesakes that are stored count, because the catalogue counts them too."""
    if kind is EntityKind.PERSON:  # numbers tell people without a birth date apart, and a hit has none of anyone's
        return [slugs.slugify(one.title) for one in offered]
    return slugs.option_slugs(offered)


def _fits(wanted: SearchFilter, one: Candidate) -> bool:
    """What a hit does not tell does not fit."""
    if one.year is None:
        return wanted.year_from is None and wanted.year_to is None and _has_genres(wanted, one)
    return (wanted.year_from or 0) <= one.year <= (wanted.year_to or one.year) and _has_genres(wanted, one)


def _has_genres(wanted: SearchFilter, one: Candidate) -> bool:
    return set(wanted.genres) <= set(map(slugs.slugify, one.genres))
