"""What is stored and related to a stored entity."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.answer_ports import AnswerCache
from gateway.ports import EntityIndex
from gateway.read_ports import Representation
from gateway.related_ports import Collection, PeopleWanted, RelatedEntities, RelatedPeople, RelatedTitles, TitlesWanted
from gateway.usecases.recall_answer import RecallAnswer
from gateway.usecases.resolve import NotStored, normalised, resolve
from shared.entities import EntityKind


@dataclass(frozen=True, slots=True)
class NoCollection:
    """The movie is stored and belongs to no collection."""

    slug: str


class ReadRelated:
    """Any spelling will do, nothing is looked up elsewhere and no job is started."""

    def __init__(
        self,
        *,
        index: EntityIndex,
        related: RelatedEntities,
        answers: AnswerCache,
        render_titles: Callable[[EntityKind, RelatedTitles, TitlesWanted], Representation],
        render_people: Callable[[RelatedPeople, PeopleWanted], Representation],
    ) -> None:
        self._index = index
        self._related = related
        self._recall: RecallAnswer[NotStored] = RecallAnswer(answers)
        self._render_titles = render_titles
        self._render_people = render_people

    async def __call__(
        self, kind: EntityKind, slug: str, wanted: TitlesWanted | PeopleWanted
    ) -> Representation | NotStored:
        """Titles for a title, people for a person; `slug` is as sent. Raises Unavailable("postgres")."""
        names = normalised(slug)
        if isinstance(names, NotStored):
            return names
        return await self._recall(kind, f"related|{names[0]}|{wanted}", lambda: self._read(kind, names[0], wanted))

    async def _read(
        self, kind: EntityKind, slug: str, wanted: TitlesWanted | PeopleWanted
    ) -> Representation | NotStored:
        refs = await resolve(self._index, kind, slug)
        if isinstance(refs, NotStored):
            return refs
        if isinstance(wanted, PeopleWanted):
            people = await self._related.people(refs[0].id, wanted)
            return self._render_people(people, wanted) if people else NotStored(slug)
        titles = await self._related.titles(kind, refs[0].id, wanted)
        return self._render_titles(kind, titles, wanted) if titles else NotStored(slug)


class ReadCollection:
    """Any spelling will do, nothing is looked up elsewhere and no job is started."""

    def __init__(
        self,
        *,
        index: EntityIndex,
        related: RelatedEntities,
        answers: AnswerCache,
        render: Callable[[str, Collection], Representation],
    ) -> None:
        self._index = index
        self._related = related
        self._recall: RecallAnswer[NotStored | NoCollection] = RecallAnswer(answers)
        self._render = render

    async def __call__(self, slug: str) -> Representation | NotStored | NoCollection:
        """The collection of a movie; `slug` is as sent. Raises Unavailable("postgres")."""
        names = normalised(slug)
        if isinstance(names, NotStored):
            return names
        return await self._recall(EntityKind.MOVIE, f"collection|{names[0]}", lambda: self._read(names[0]))

    async def _read(self, slug: str) -> Representation | NotStored | NoCollection:
        refs = await resolve(self._index, EntityKind.MOVIE, slug)
        if isinstance(refs, NotStored):
            return refs
        found = await self._related.collection(refs[0].id)
        return NoCollection(refs[0].slug) if found is None else self._render(refs[0].slug, found)
