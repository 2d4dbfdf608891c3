"""A title with all that TMDb says of it, in one call."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shared import reading
from shared.entities import EntityKind, Facts
from shared.provider import report_drift
from shared.tmdb import mapping
from shared.tmdb.client import TmdbClient
from shared.tmdb.extras import REGIONS, Extras, extras


@dataclass(frozen=True, slots=True)
class Title:
    facts: Facts
    extras: Extras


class TmdbTitles:
    """Films and series with the offers and ratings of `regions`. What came in another form is in `extras.drift`, counted and logged."""

    def __init__(self, client: TmdbClient, *, regions: Sequence[str] = REGIONS) -> None:
        self._client = client
        self._regions = regions

    async def title(self, kind: EntityKind, tmdb_id: int) -> Title | None:
        """None when TMDb does not have it. Of TV the document decides which of the two kinds the facts have.

        Raises what `TmdbClient` does, and `MappingError` for a document without id or title.
        """
        document = await self._client.everything(kind, tmdb_id)
        if document is None:
            return None
        with reading.noted(document) as drift:
            facts = mapping.facts(EntityKind.MOVIE if kind is EntityKind.MOVIE else mapping.tv_kind(document), document)
        more = extras(document, self._regions)
        paths = tuple(dict.fromkeys((*drift.paths, *more.drift)))
        report_drift("tmdb", paths)
        return Title(facts, replace(more, drift=paths))
