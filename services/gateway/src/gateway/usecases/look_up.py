"""What exists under a slug that nothing stored has, and which slug it will have."""

import asyncio
import math
from itertools import islice

from gateway.read_ports import Catalog
from shared import slugs
from shared.catalog import Found, Lookup, Several
from shared.entities import EntityKind, Facts
from shared.errors import Permanent, Transient, Unavailable

MAX_RETRY_AFTER_S = 60


class LookUp:
    """Asks the catalogue, within `deadline_s` seconds in all. Raises Unavailable("tmdb") when it cannot tell."""

    def __init__(self, catalog: Catalog, *, deadline_s: float = 3.0) -> None:
        self._catalog = catalog
        self._deadline_s = deadline_s

    async def __call__(self, kind: EntityKind, slug: str) -> tuple[Lookup, str]:
        """The answer, and the slug that work on it goes by: for one match its canonical slug, otherwise `slug`."""
        try:
            async with asyncio.timeout(self._deadline_s):
                answer = await self._catalog.lookup(kind, slug)
                if isinstance(answer, Found):
                    return answer, await self._canonical(kind, slug, answer.facts)
                return answer, slug
        except TimeoutError:
            raise Unavailable("tmdb") from None
        except (Transient, Permanent, Unavailable) as error:
            wish_s = error.retry_after_s if isinstance(error, Transient) else None
            raise Unavailable("tmdb", retry_after_s=min(math.ceil(wish_s or 2), MAX_RETRY_AFTER_S)) from error

    async def _canonical(self, kind: EntityKind, slug: str, facts: Facts) -> str:
        """The first slug the entity can get, provided that it means this entity and no other; then all spellings share one job.

        A title without a year gains one, which cannot make it mean more. Any other change is looked up first: `john-smith` may
        be several people when `john-smith-1970` is one.
        """
        first = next(slugs.candidates(facts))
        if first == slug or slugs.slugify(facts.title) == slug:
            return first
        answer = await self._catalog.lookup(kind, first)
        same = isinstance(answer, Found) and answer.facts.tmdb_id == facts.tmdb_id
        return first if same else slug


def offers(answer: Lookup, slug: str) -> int | None:
    """The catalogue id of the candidate in `answer` that `slug` names, None when it names none of them."""
    match answer:
        case Found(facts):
            return facts.tmdb_id if slug in islice(slugs.candidates(facts), 3) else None
        case Several(candidates):
            named = dict(zip(answer.slugs, candidates, strict=True))
            return named[slug].tmdb_id if slug in named else None
        case _:
            return None
