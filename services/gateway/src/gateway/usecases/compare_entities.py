"""How much two entities of a kind have in common."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.answer_ports import AnswerCache
from gateway.ports import EntityIndex
from gateway.read_ports import Representation
from gateway.related_ports import Compared, Pair, Pairs
from gateway.usecases.recall_answer import RecallAnswer
from gateway.usecases.resolve import NotStored, normalised, resolve
from shared.entities import EntityKind

YEARS = 100
"""As far apart, two years have nothing in common."""


@dataclass(frozen=True, slots=True)
class SameEntity:
    """Both slugs name one entity."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`year_difference` is None when a year is unknown."""

    pair: Pair
    genres: tuple[str, ...]
    year_difference: int | None
    score: float


Outcome = Representation | NotStored | SameEntity


class CompareEntities:
    """Any spelling will do, nothing is looked up elsewhere and no job is started."""

    def __init__(
        self,
        *,
        index: EntityIndex,
        pairs: Pairs,
        answers: AnswerCache,
        render: Callable[[EntityKind, Comparison], Representation],
    ) -> None:
        self._index = index
        self._pairs = pairs
        self._recall: RecallAnswer[NotStored | SameEntity] = RecallAnswer(answers)
        self._render = render

    async def __call__(self, kind: EntityKind, slug1: str, slug2: str) -> Outcome:
        """Slugs are as sent. Raises Unavailable("postgres")."""
        names = normalised(slug1, slug2)
        if isinstance(names, NotStored):
            return names
        return await self._recall(kind, f"compare|{'|'.join(names)}", lambda: self._read(kind, *names))

    async def _read(self, kind: EntityKind, *names: str) -> Outcome:
        if len(set(names)) == 1:
            return SameEntity()
        found = await resolve(self._index, kind, *names)
        if isinstance(found, NotStored):
            return found
        first, second = found
        if first.id == second.id:
            return SameEntity()
        pair = await self._pairs.pair(kind, first.id, second.id)
        return NotStored(names[0]) if pair is None else self._render(kind, compare(kind, pair))


def compare(kind: EntityKind, pair: Pair) -> Comparison:
    """Titles: 0.4 for genres, 0.4 for people, 0.2 for years. People: 0.6 for movies, 0.4 for years. From 0 to 1, with two decimals.

    Each part is a share: `overlap` or `closeness`.
    """
    first, second = pair.first, pair.second
    linked = overlap(pair.common_count, first.linked, second.linked)
    years = closeness(first.year, second.year)
    genres = _common_genres(first, second)
    if kind is EntityKind.PERSON:
        score = 0.6 * linked + 0.4 * years
    else:
        alike = overlap(len(genres), len(set(first.genres)), len(set(second.genres)))
        score = 0.4 * alike + 0.4 * linked + 0.2 * years
    return Comparison(pair, genres, _difference(first.year, second.year), round(score, 2))


def overlap(common: int, first: int, second: int) -> float:
    """How much of the larger of two sets is in both; 0 for empty ones."""
    larger = max(first, second)
    return common / larger if larger else 0.0


def closeness(first: int | None, second: int | None) -> float:
    """1 for equal years, less by a hundredth for each year between, 0 for an unknown one."""
    apart = _difference(first, second)
    return 0.0 if apart is None else max(0.0, 1 - apart / YEARS)


def _difference(first: int | None, second: int | None) -> int | None:
    return None if first is None or second is None else abs(first - second)


def _common_genres(first: Compared, second: Compared) -> tuple[str, ...]:
    """In the order of the first."""
    return tuple(genre for genre in dict.fromkeys(first.genres) if genre in second.genres)
