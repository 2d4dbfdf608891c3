"""Searches over what is stored and what a catalogue knows, both in memory."""

import asyncio
from typing import Any

import orjson
from tests.support.fakes.answers import FakeAnswers
from tests.support.fakes.entities import FakeEntities
from tests.support.fakes.library import FakeLibrary
from tests.support.fakes.search import FakeSearchIndex

from gateway.adapters.flags import ConfiguredFlags
from gateway.http.search_documents import render
from gateway.ports import Answer, OverBudget
from gateway.read_ports import Representation
from gateway.search_ports import Hit, SearchFilter
from gateway.usecases.find_external import FindExternal
from gateway.usecases.read_entity import Asked, NotFound, Outcome, Queued
from gateway.usecases.search_entities import NoResults, SearchEntities
from gateway.usecases.search_results import Question
from shared.entities import Candidate, EntityKind, Facts, MovieDetails
from shared.testing.cache import FakeCache
from shared.testing.clock import FakeClock
from shared.testing.database import FakeDatabase

MOVIE, PERSON, SERIES, SHOW = EntityKind
QUEUED = Queued(Answer(202, {"job_id": "1"}))


def offered(title: str, year: int | None = 1999, tmdb_id: int = 0, kind: EntityKind = MOVIE, **more: Any) -> Candidate:
    """A hit of the catalogue; its id follows from its title and year unless it is given."""
    return Candidate(
        kind=kind, tmdb_id=tmdb_id or sum(title.encode()) * 10_000 + (year or 0), title=title, year=year, **more
    )


class Catalogue:
    """Offers what it was given for every text, at once or when told to."""

    def __init__(self, *candidates: Candidate) -> None:
        self.candidates = candidates
        self.error: Exception | None = None
        self.calls: list[tuple[str, int | None, int]] = []
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def search(
        self, kind: EntityKind, query: str, *, year: int | None = None, limit: int = 20
    ) -> tuple[Candidate, ...]:
        self.calls.append((query, year, limit))
        await self.go_on.wait()
        if self.error:
            raise self.error
        return tuple(one for one in self.candidates if one.kind is kind)[:limit]


class Searching:
    """`outcome` is what a detail read answers, or raises; `read` holds what was asked of it."""

    def __init__(self, *candidates: Candidate, deadline_s: float = 3.0) -> None:
        database = FakeDatabase(FakeClock())
        self.library = FakeLibrary(database)
        self.index = FakeSearchIndex()
        self.catalogue = Catalogue(*candidates)
        self.flags = {"tmdb_verification": True, "tvmaze_verification": True}
        self.cache = FakeCache()
        self.outcome: Outcome | Exception = NotFound("x")
        self.read: list[Asked] = []
        self.search = SearchEntities(
            index=self.index,
            external=FindExternal(
                catalog=self.catalogue,
                index=self.index,
                entities=FakeEntities(database),
                flags=ConfiguredFlags(self.flags),
                clock=FakeClock(),
                deadline_s=deadline_s,
            ),
            read_entity=self._read,
            cache=FakeAnswers(self.cache),
            render=render,
        )

    def store(self, title: str, year: int | None = 1999, tmdb_id: int = 0, kind: EntityKind = MOVIE) -> Hit:
        """Under the id that `offered` gives it."""
        one = offered(title, year, tmdb_id, kind)
        self.library.store(Facts(kind=kind, tmdb_id=one.tmdb_id, title=title, year=year, details=MovieDetails()))
        return self.index.add(kind, title, year, one.tmdb_id)

    async def ask(self, text: str | None = None, kind: EntityKind = MOVIE, **asked: Any) -> Any:
        """The document of a search that finds something."""
        found = await self.outcome_of(text, kind, **asked)
        assert isinstance(found, Representation)
        return orjson.loads(found.body)

    async def outcome_of(
        self, text: str | None = None, kind: EntityKind = MOVIE, *, queues: bool = True, **asked: Any
    ) -> Representation | Queued | OverBudget | NoResults:
        filters = {name: asked.pop(name) for name in list(asked) if name in SearchFilter.__dataclass_fields__}
        return await self.search(Question(SearchFilter(kind, text, **filters), **asked), "ip:1", queues=queues)

    async def _read(self, asked: Asked, caller: str) -> Outcome:
        self.read.append(asked)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def titles(document: Any) -> list[str]:
    return [item.get("title") or item["name"] for item in document["results"]]
