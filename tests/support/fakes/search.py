"""What is stored, searched in memory: passes the same contract as PostgreSQL."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from gateway.search_ports import Hit, Hits, SearchFilter, Slice
from shared import slugs
from shared.entities import EntityKind


class FakeSearchIndex:
    """Implements `SearchIndex`. Of the filters it knows texts and years, of the facets types and years.

    `asked` holds every search; `error` is raised by every one while it is set.
    """

    def __init__(self) -> None:
        self.hits: list[Hit] = []
        self.asked: list[tuple[SearchFilter, Slice]] = []
        self.error: Exception | None = None

    def add(self, kind: EntityKind, title: str, year: int | None = 1999, tmdb_id: int | None = None) -> Hit:
        slug = slugs.slugify(title) + (f"-{year}" if year and kind is not EntityKind.PERSON else "")
        hit = Hit(
            id=UUID(int=len(self.hits) + 1),
            kind=kind,
            slug=slug,
            title=title,
            year=year,
            tmdb_id=tmdb_id,
            has_text=False,
            overview=None,
            director=None,
            birthplace=None,
            first_air_date=None,
            exact=False,
            cursor="",
        )
        self.hits.append(hit)
        return hit

    async def search(self, wanted: SearchFilter, part: Slice, *, facets: bool = True) -> Hits:
        self.asked.append((wanted, part))
        if self.error:
            raise self.error
        ordered, name = self._ordered(wanted, part), f"{part.sort}-{part.descending}"
        begin = part.offset
        if part.after:
            of, _, after = part.after.rpartition(":")
            places = [place for place, hit in enumerate(ordered, 1) if of == name and hit.id.hex == after]
            if not places:
                raise ValueError(part.after)
            begin = places[0]
        exact = slugs.slugify(wanted.text or "")
        shown = (
            replace(hit, exact=slugs.slugify(hit.title) == exact, cursor=f"{name}:{hit.id.hex}")
            for hit in ordered[begin : begin + part.limit]
        )
        return Hits(tuple(shown), len(ordered), _facets(wanted.kind, ordered) if facets else {})

    async def stored(self, kind: EntityKind, tmdb_ids: tuple[int, ...]) -> frozenset[int]:
        return frozenset(hit.tmdb_id for hit in self.hits if hit.kind is kind and hit.tmdb_id in tmdb_ids)

    def _ordered(self, wanted: SearchFilter, part: Slice) -> list[Hit]:
        down = part.descending and part.sort is not None

        def key(hit: Hit) -> tuple[Any, ...]:
            match part.sort:
                case "title":
                    return slugs.slugify(hit.title), hit.id
                case "year":
                    return (hit.year is None) != down, hit.year or 0, hit.id
                case "created_at" | "updated_at":
                    return (hit.id,)
                case None:
                    return slugs.slugify(hit.title) != slugs.slugify(wanted.text or ""), hit.id

        return sorted((hit for hit in self.hits if _matches(wanted, hit)), key=key, reverse=down)


def _matches(wanted: SearchFilter, hit: Hit) -> bool:
    in_time = (wanted.year_from or 0) <= (hit.year or 0) <= (wanted.year_to or 9999)
    named = wanted.text is None or slugs.slugify(wanted.text) in slugs.slugify(hit.title)
    return hit.kind is wanted.kind and named and in_time


def _facets(kind: EntityKind, hits: list[Hit]) -> dict[str, tuple[tuple[str | int, int], ...]]:
    years = [hit.year for hit in hits if hit.year]
    counted = sorted(((year, years.count(year)) for year in set(years)), key=lambda pair: (-pair[1], pair[0]))
    year = "birth_year" if kind is EntityKind.PERSON else "year"
    return {"type": ((str(kind), len(hits)),) if hits else (), year: tuple(counted)}
