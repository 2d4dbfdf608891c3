"""A catalogue in memory."""

from collections.abc import Iterable

from shared import slugs
from shared.catalog import Found, Lookup, Missing, OtherYear, Several
from shared.entities import Candidate, EntityKind, Facts, MovieDetails, PersonDetails
from shared.slugs import ParsedSlug
from shared.tmdb.mapping import offered


class FakeCatalog:
    """Knows the facts it was given; passes the catalogue contract.

    While `error` is set every call raises it. `calls` holds `(method, kind, subject)` of every call, failed or not.
    """

    def __init__(self, known: Iterable[Facts] = (), *, this_year: int = 2026) -> None:
        self.known = {(facts.kind, facts.tmdb_id): facts for facts in known}
        self.this_year = this_year
        self.error: Exception | None = None
        self.calls: list[tuple[str, EntityKind, str]] = []

    def add(self, facts: Facts) -> None:
        """Adds an entity or replaces its facts."""
        self.known[facts.kind, facts.tmdb_id] = facts

    def remove(self, kind: EntityKind, tmdb_id: int) -> None:
        """Forgets an entity, as TMDb does with a deleted id."""
        del self.known[kind, tmdb_id]

    async def lookup(self, kind: EntityKind, slug: str) -> Lookup:
        self._called("lookup", kind, slug)
        other_year: OtherYear | None = None
        for parsed in slugs.readings(kind, slug, self.this_year):
            named = [facts for facts in self._of(kind) if parsed.title_part in _names(facts)]
            fitting = [facts for facts in named if _fits(parsed, facts)]
            if parsed.number is not None:
                fitting = sorted(fitting, key=lambda facts: facts.tmdb_id)[parsed.number - 1 : parsed.number]
            if len(fitting) == 1:
                return Found(fitting[0])
            if fitting:
                newest_first = sorted(fitting, key=lambda facts: (-(facts.year or 0), -facts.popularity))
                return Several(tuple(map(offered, newest_first[:10])))
            dated = [(abs(facts.year - parsed.year), facts) for facts in named if facts.year and parsed.year]
            if parsed.year and dated and all(distance for distance, _ in dated):
                closest = min(dated, key=lambda pair: pair[0])[1]
                other_year = other_year or OtherYear(offered(closest), parsed.year)
        words = {word for word in slug.split("-") if len(word) > 2}
        near = [facts for facts in self._of(kind) if words & set(slugs.slugify(facts.title).split("-"))]
        return other_year or Missing(tuple(map(offered, near[:5])))

    async def facts(self, kind: EntityKind, tmdb_id: int) -> Facts | None:
        self._called("facts", kind, str(tmdb_id))
        return self.known.get((kind, tmdb_id))

    async def search(
        self, kind: EntityKind, query: str, *, year: int | None = None, limit: int = 20
    ) -> tuple[Candidate, ...]:
        self._called("search", kind, query)
        hits = [
            facts
            for facts in self._of(kind)
            if slugs.fold(query) in slugs.fold(facts.title) and (year is None or facts.year == year)
        ]
        return tuple(map(offered, sorted(hits, key=lambda facts: -facts.popularity)[:limit]))

    def _called(self, method: str, kind: EntityKind, subject: str) -> None:
        self.calls.append((method, kind, subject))
        if self.error:
            raise self.error

    def _of(self, kind: EntityKind) -> list[Facts]:
        return [facts for facts in self.known.values() if facts.kind is kind]


def _names(facts: Facts) -> set[str]:
    return {slugs.slugify(name) for name in (facts.title, facts.original_title, *facts.titles.values()) if name}


def _fits(parsed: ParsedSlug, facts: Facts) -> bool:
    if parsed.year is None:
        return parsed.number is None or facts.year is None
    if facts.year != parsed.year or parsed.tail is None or parsed.number:
        return facts.year == parsed.year
    match facts.details:
        case MovieDetails(director=str(names)) | PersonDetails(birthplace=str(names)):
            return parsed.tail in map(slugs.slugify, [names, *names.split(",")])
        case _:
            return False
