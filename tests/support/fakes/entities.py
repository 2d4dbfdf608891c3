"""Stored entities in memory, as the gateway reads them: pass the same contract as PostgreSQL. There are no credits here."""

from collections.abc import Callable
from uuid import UUID

from gateway.ports import EntityRef, TextRef
from gateway.read_ports import Choice, Entity, Naming, ShortText, Spelling, StoredText
from shared import slugs
from shared.entities import KINDS, SHORT_FORMS, EntityKind, PersonDetails
from shared.testing.database import FakeDatabase
from shared.testing.rows import EntityRow, TextRow

_SPELLINGS = (Spelling.CANONICAL, Spelling.FORMER, Spelling.OTHER, Spelling.OTHER)


class FakeEntities:
    """Implements `Entities`, `EntityIndex` and `TextIndex`."""

    def __init__(self, database: FakeDatabase) -> None:
        self._database = database

    async def named(self, kind: EntityKind, slug: str) -> Naming | None:
        async def work() -> Naming | None:
            rank, rows = self._named(kind, slug)
            if rank == 0 and slugs.parse(kind, slug, self._database.clock.now().year).year is None:
                rows += [row for row in self._newest_first(kind) if _title_slug(row) == slug and row not in rows]
            return Naming(_SPELLINGS[rank], tuple(map(_choice, rows))) if rows else None

        return await self._database.run(work)

    async def resolve(self, kind: EntityKind, slug: str) -> EntityRef | None:
        async def work() -> EntityRef | None:
            _, rows = self._named(kind, slug)
            return _ref(rows[0]) if rows else None

        return await self._database.run(work)

    async def by_id(self, kind: EntityKind, entity_id: UUID) -> EntityRef | None:
        async def work() -> EntityRef | None:
            return next((_ref(row) for row in self._of(kind) if row.id == entity_id), None)

        return await self._database.run(work)

    async def by_tmdb_id(self, kind: EntityKind, tmdb_id: int) -> UUID | None:
        async def work() -> UUID | None:
            return next((row.id for row in self._of(kind) if row.facts.tmdb_id == tmdb_id), None)

        return await self._database.run(work)

    async def load(self, kind: EntityKind, entity_id: UUID) -> Entity | None:
        async def work() -> Entity | None:
            return next((self.entity(row) for row in self._of(kind) if row.id == entity_id), None)

        return await self._database.run(work)

    async def text(self, text_id: UUID) -> TextRef | None:
        async def work() -> TextRef | None:
            text = self._database.texts.get(text_id)
            if text is None or not text.current:
                return None
            return TextRef(_ref(self._database.entities[text.entity_id]), text.form, text.locale, text.context_tag)

        return await self._database.run(work)

    def entity(self, row: EntityRow) -> Entity:
        """The whole of a stored entity, as it is now."""
        form = KINDS[row.facts.kind].form
        texts = (text for text in self._database.texts.values() if text.entity_id == row.id)
        shown = [text for text in texts if text.current]
        current = [text for text in shown if text.form is form]
        short = sorted((text for text in shown if text.form in SHORT_FORMS), key=_place)
        return Entity(
            id=row.id,
            kind=row.facts.kind,
            slug=row.slug,
            title=row.facts.title,
            titles=row.facts.titles,
            year=row.facts.year,
            genres=row.facts.genres,
            details=row.facts.details,
            default_text_id=row.default_text_id,
            tmdb_id=row.facts.tmdb_id,
            version=row.version,
            stale_since=None,
            created_at=row.created_at,
            updated_at=row.updated_at,
            texts=tuple(map(_text, sorted(current, key=_place))),
            credits=(),
            short_texts=tuple(ShortText(text.form, text.locale, text.origin, text.text) for text in short),
        )

    def _named(self, kind: EntityKind, slug: str) -> tuple[int, list[EntityRow]]:
        """The rank of the way that fits best, and the rows it finds, newest first."""
        parsed = slugs.parse(kind, slug, self._database.clock.now().year)
        dated = parsed.year is not None and parsed.tail is None
        ways: tuple[Callable[[EntityRow], bool], ...] = (
            lambda row: row.slug == slug,
            lambda row: self._database.aliases.get((kind, slug)) == row.id,
            lambda row: dated and (_title_slug(row), row.facts.year) == (parsed.title_part, parsed.year),
            lambda row: _title_slug(row) == slug,
        )
        newest_first = self._newest_first(kind)
        found = ((rank, [row for row in newest_first if fits(row)]) for rank, fits in enumerate(ways))
        return next((way for way in found if way[1]), (0, list[EntityRow]()))

    def _newest_first(self, kind: EntityKind) -> list[EntityRow]:
        return sorted(self._of(kind), key=lambda row: (row.facts.year or 0, row.created_at, row.id), reverse=True)

    def _of(self, kind: EntityKind) -> list[EntityRow]:
        return [row for row in self._database.entities.values() if row.facts.kind is kind]


def _place(text: TextRow) -> tuple[str, str, UUID]:
    return text.locale, text.context_tag, text.id


def _title_slug(row: EntityRow) -> str:
    return slugs.slugify(row.facts.title)


def _ref(row: EntityRow) -> EntityRef:
    return EntityRef(row.id, row.facts.kind, row.slug, row.default_text_id, row.version, row.facts.tmdb_id)


def _choice(row: EntityRow) -> Choice:
    details = row.facts.details
    born = details.birth_date if isinstance(details, PersonDetails) else None
    return Choice(row.id, row.slug, row.facts.title, row.facts.year, born, row.version)


def _text(row: TextRow) -> StoredText:
    return StoredText(
        row.id, row.locale, row.context_tag, "GENERATED", row.ai_model, row.version, row.text, row.created_at,
        row.updated_at,
    )  # fmt: skip
