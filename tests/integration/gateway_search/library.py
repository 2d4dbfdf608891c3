"""What the tests of searching store: entities written as the workers write them."""

from dataclasses import dataclass, field
from itertools import count
from typing import Any

from sqlalchemy import insert, update

from gateway.adapters.postgres_search import PostgresSearch
from gateway.search_ports import Hits, SearchFilter, Slice
from shared import ids
from shared.db.engine import Database, Transaction
from shared.db.entity_rows import StoredEntity
from shared.db.facts import create_entity, update_facts
from shared.db.search_rows import index_documents
from shared.db.tables import entities, texts
from shared.entities import KINDS, CreditFact, EntityKind, Facts, MovieDetails, PersonDetails, Role, ShowType, TvDetails

MOVIE, PERSON, SERIES, SHOW = EntityKind
EVERYTHING = Slice(limit=100)


def cast(*names: str, role: Role = Role.ACTOR) -> tuple[CreditFact, ...]:
    """People whose catalogue ids follow from their names."""
    return tuple(CreditFact(tmdb_id=person_id(name), name=name, role=role) for name in names)


def person_id(name: str) -> int:
    return int.from_bytes(name.encode()) % 1_000_000_007


@dataclass(slots=True)
class Library:
    database: Database
    index: PostgresSearch
    _ids: "count[int]" = field(default_factory=lambda: count(1))

    async def add(self, title: str, year: int | None = 1999, kind: EntityKind = MOVIE, **facts: Any) -> StoredEntity:
        stated = self.facts(title, year, kind, **facts)

        async def work(tx: Transaction) -> StoredEntity:
            return await create_entity(tx, stated)

        return await self.database.run(work)

    async def change(self, stored: StoredEntity, title: str, year: int | None = 1999, **facts: Any) -> None:
        stated = self.facts(title, year, stored.kind, tmdb_id=stored.tmdb_id, **facts)

        async def work(tx: Transaction) -> int:
            return await update_facts(tx, stored.id, stated)

        await self.database.run(work)

    def facts(self, title: str, year: int | None, kind: EntityKind, **facts: Any) -> Facts:
        details = {
            MOVIE: lambda: MovieDetails(director=facts.pop("director", None), overview=facts.pop("overview", None)),
            PERSON: lambda: PersonDetails(birthplace=facts.pop("birthplace", None)),
            SERIES: TvDetails,
            SHOW: lambda: TvDetails(show_type=facts.pop("show_type", ShowType.NEWS)),
        }[kind]()
        facts.setdefault("tmdb_id", person_id(title) if kind is PERSON else next(self._ids))
        return Facts(**facts, kind=kind, title=title, year=year, details=details)

    async def write(self, stored: StoredEntity, locale: str = "en-US", body: str = "A text.") -> None:
        """A current text that becomes the default."""
        text_id = ids.row_id()
        row = {"id": text_id, "entity_id": stored.id, "form": KINDS[stored.kind].form, "locale": locale, "text": body}
        row |= {"context_tag": "DEFAULT", "origin": "GENERATED", "version": 1, "accepted_seq": 1}

        async def work(tx: Transaction) -> None:
            await tx.execute(insert(texts).values(row))
            await tx.execute(update(entities).where(entities.c.id == stored.id).values(default_text_id=text_id))
            await index_documents(tx, [stored.id])

        await self.database.run(work)

    def wanted(self, text: str | None = None, kind: EntityKind = MOVIE, **wanted: Any) -> SearchFilter:
        return SearchFilter(kind, text, **wanted)

    async def find(
        self, text: str | None = None, kind: EntityKind = MOVIE, part: Slice = EVERYTHING, **wanted: Any
    ) -> Hits:
        return await self.index.search(self.wanted(text, kind, **wanted), part)

    async def titles(
        self, text: str | None = None, kind: EntityKind = MOVIE, part: Slice = EVERYTHING, **wanted: Any
    ) -> list[str]:
        return [hit.title for hit in (await self.find(text, kind, part, **wanted)).hits]
