"""Pages that run over stored hits and over those of the catalogue. Pure.

Without `sort`, and by `created_at`, which only stored entities have, the catalogue's hits follow the stored ones. By title or year both
are merged, equal ones stored first. The store returns only a stretch of its hits, so a merged page is cut from the hits that can be on
it: the catalogue's are `external_limit` at most, so the page's first stored hit is at most so many places before the page's own.
"""

from collections import Counter
from collections.abc import Sequence
from heapq import merge

from gateway.search_ports import FACETS, MAX_FACET_VALUES, Hit, Hits, Slice
from gateway.usecases.search_results import ExternalHit, Position, Question
from shared import slugs
from shared.entities import Candidate, EntityKind

Shown = Hit | ExternalHit
_OF_PEOPLE = {"year": "birth_year", "genre": "role"}


def stretch(asked: Question) -> Slice:
    """The stored hits to ask for; one more than can be shown, so that the last page is known to be the last."""
    if isinstance(asked.start, Position):
        passed, offset = asked.start.local, 0 if asked.start.after else asked.start.local
        after, limit = asked.start.after, asked.per_page + 1
    else:
        slack = asked.external_limit if _merged(asked) else 0
        passed = offset = max(0, (asked.page - 1) * asked.per_page - slack)
        after, limit = None, asked.per_page + slack + 1
    if asked.local_limit is not None:
        limit = max(0, min(limit, asked.local_limit - passed))
    return Slice(limit=limit, offset=offset, after=after, sort=asked.sort, descending=asked.descending)


def in_order(asked: Question, offered: Sequence[Candidate]) -> Sequence[Candidate]:
    """The catalogue's hits as the search orders them, equal ones as the catalogue does."""
    if not _merged(asked):
        return offered
    return sorted(offered, key=lambda one: _rank(asked, one), reverse=asked.descending)


def page_of(
    asked: Question, hits: Sequence[Hit], count: int, last: Hit | None, external: Sequence[ExternalHit]
) -> tuple[tuple[Shown, ...], Position | None]:
    """What the page shows, and where the next one begins, None after the last.

    `hits` are those of `stretch`, of `count` in all; `last` is the last of all when `hits` is empty because the page is behind it.
    """
    start = asked.start
    if isinstance(start, Position):
        passed, after, seen, skip = start.local, start.after, start.external, 0
        rest = [one for one in external if one.place >= seen]
    else:
        passed, after = min(stretch(asked).offset, count), last.cursor if last else None
        ahead = _ahead(asked, hits[0], external) if hits and passed else 0
        seen = external[ahead - 1].place + 1 if ahead else 0
        skip = (asked.page - 1) * asked.per_page - passed - ahead
        rest = external[ahead:]
    merged = _merge(asked, hits, rest)
    ends = skip + asked.per_page
    for one in merged[:ends]:
        if isinstance(one, Hit):
            passed, after = passed + 1, one.cursor
        else:
            seen = one.place + 1
    following = Position(asked.page + 1, after, passed, seen) if len(merged) > ends else None
    return tuple(merged[skip:ends]), following


def facets(
    kind: EntityKind, local: Hits, external: Sequence[ExternalHit]
) -> dict[str, tuple[tuple[str | int, int], ...]]:
    """Of all matches: values by count, then value, at most 20 each."""
    found: dict[str, tuple[tuple[str | int, int], ...]] = {}
    for facet in FACETS:
        name = _OF_PEOPLE.get(facet, facet) if kind is EntityKind.PERSON else facet
        counted = Counter(dict(local.facets.get(name, ())))
        counted.update(value for one in external for value in _values(kind, name, one.candidate))
        ordered = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
        found[name] = tuple(ordered[:MAX_FACET_VALUES])
    return found


def _merged(asked: Question) -> bool:
    return asked.sort in {"title", "year"} and asked.source != "local"


def _merge(asked: Question, hits: Sequence[Hit], external: Sequence[ExternalHit]) -> list[Shown]:
    if not _merged(asked):
        return [*hits, *external]
    return list(merge(hits, external, key=lambda one: _rank(asked, one), reverse=asked.descending))


def _ahead(asked: Question, first: Hit, external: Sequence[ExternalHit]) -> int:
    """How many of the catalogue's come before a stored hit."""
    if not _merged(asked):
        return 0
    bound = _rank(asked, first)
    ranks = (_rank(asked, one) for one in external)
    return sum(rank > bound if asked.descending else rank < bound for rank in ranks)


def _rank(asked: Question, one: Hit | ExternalHit | Candidate) -> tuple[str, int]:
    """Compares as the store does: titles by their slugs, unknown years last in both directions."""
    if asked.sort == "title":
        return slugs.slugify(one.title), 0
    unknown_last = (one.year is None) != asked.descending
    return "1" if unknown_last else "0", one.year or 0


def _values(kind: EntityKind, facet: str, one: Candidate) -> Sequence[str | int]:
    match facet:
        case "type":
            return (str(kind),)
        case "year" | "birth_year" if one.year is not None:
            return (one.year,)
        case "decade" if one.year is not None:
            return (one.year // 10 * 10,)
        case "genre":
            return one.genres
        case _:
            return ()
