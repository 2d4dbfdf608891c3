"""Library and call journal of the generator, on PostgreSQL and on the fakes, with jobs to write for."""

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from tests.support.fakes.library import FakeLibrary
from tests.support.fakes.model import FakeCallJournal
from tests.support.jobs import store_generation
from tests.unit.generator.samples import MATRIX

from generator.adapters.postgres_calls import PostgresCallJournal
from generator.adapters.postgres_results import PostgresLibrary
from generator.ports import (
    Answer,
    CallJournal,
    Draft,
    Library,
    Message,
    Prompt,
    Shelf,
    Subject,
    Text,
    Written,
)
from shared import ids
from shared.db.attempts import PostgresAttempts
from shared.db.engine import Database, Transaction
from shared.db.jobs import move, the_job
from shared.db.tables import jobs, outbox
from shared.entities import ContextTag, EntityKind, Form, Locale, Origin
from shared.errors import failure
from shared.events import GenerationRequested
from shared.jobs import Attempt, AttemptPolicy, FailureType, Identity, JobStatus, Result
from shared.testing.attempts import FakeAttempts
from shared.testing.clock import START, FakeClock
from shared.testing.database import FakeDatabase
from shared.topology import GENERATION_REQUESTS

POLICY = AttemptPolicy(ladder_s=())
SLUG = "the-matrix-1999"
IDENTITY = Identity(EntityKind.MOVIE, SLUG, Form.DESCRIPTION, Locale.EN, None)
PROMPT = Prompt((Message("user", "write"),), "v1-test")
ANSWER = Answer('{"text": "Zażółć \x00 \\u0000 🎬"', "length", "m")
BROKEN = failure(FailureType.AI_API_ERROR, "broken")
THROTTLED = failure(FailureType.RATE_LIMITED, "throttled")


def written(text: str) -> Written:
    return Written(text, "m", PROMPT.version, "0" * 64)


def contents(texts: Iterable[Text]) -> list[str]:
    return [text.text for text in texts]


class World:
    """A library and a journal, with the jobs they write for."""

    library: Library
    journal: CallJournal

    @abstractmethod
    async def claimed(
        self, slug: str = SLUG, tag: ContextTag | None = None, baseline: UUID | None = None
    ) -> tuple[GenerationRequested, Attempt]:
        """A job accepted now, later than all before, and its first attempt."""

    @abstractmethod
    async def cancel(self, attempt: Attempt) -> None: ...

    @abstractmethod
    async def result(self, attempt: Attempt) -> Result | None: ...

    async def publish(
        self, event: GenerationRequested, attempt: Attempt, tag: ContextTag = ContextTag.DEFAULT, text: str = "A text."
    ) -> Result:
        return await self.publish_draft(event, attempt, Form.DESCRIPTION, Locale.EN, tag, written(text))

    async def publish_draft(self, event: GenerationRequested, attempt: Attempt, *parts: Any) -> Result:
        """The result of publishing a `Draft` of these parts."""
        known = await self.library.find_by_tmdb(MATRIX.kind, MATRIX.tmdb_id)
        subject = Subject(SLUG, MATRIX, fresh=known is None, entity_id=known.entity_id if known else None)
        await self.library.publish(attempt, event, Draft(subject, *parts))
        result = await self.result(attempt)
        assert result is not None
        return result

    async def tagline(self, text: str, locale: Locale = Locale.EN, source: str | None = None) -> Result:
        """A tagline from its acceptance to its publication, with the source it was translated from."""
        origin = Origin.GENERATED if locale is Locale.EN else Origin.TRANSLATED
        by_product = None if source is None else written(source)
        parts = Form.TAGLINE, locale, ContextTag.DEFAULT, written(text), origin, by_product
        return await self.publish_draft(*await self.claimed(), *parts)

    async def taglines(self, locale: Locale) -> Shelf:
        """What is stored of the film's taglines, as a job for `locale` sees it."""
        _, attempt = await self.claimed()
        await self.cancel(attempt)
        identity = replace(IDENTITY, form=Form.TAGLINE, locale=locale)
        return await self.library.shelf(attempt, identity, MATRIX.tmdb_id)

    async def written(self, tag: ContextTag = ContextTag.DEFAULT, baseline: UUID | None = None) -> Result:
        """A job from its acceptance to its text."""
        return await self.publish(*await self.claimed(tag=tag, baseline=baseline), tag)


class FakeWorld(World):
    def __init__(self) -> None:
        self._clock = FakeClock()
        self._database = FakeDatabase(self._clock)
        self._attempts = FakeAttempts(self._database, "generator", GENERATION_REQUESTS.name, POLICY)
        self.library = FakeLibrary(self._database)
        self.journal = FakeCallJournal(self._database)

    async def claimed(
        self, slug: str = SLUG, tag: ContextTag | None = None, baseline: UUID | None = None
    ) -> tuple[GenerationRequested, Attempt]:
        self._clock.advance(1)
        event = GenerationRequested(
            event_id=ids.row_id(), occurred_at=START, entity_kind=EntityKind.MOVIE, job_id=ids.job_id(), slug=slug,
            form=Form.DESCRIPTION, locale=Locale.EN, context_tag=tag,
        )  # fmt: skip
        self._database.accept(event)
        attempt = await self._attempts.claim(event)
        assert isinstance(attempt, Attempt)
        self._clock.advance(1)
        return event, replace(attempt, baseline_text_id=baseline)

    async def cancel(self, attempt: Attempt) -> None:
        self._database.move(self._database.jobs[attempt.job_id], JobStatus.CANCELLED, "gateway")

    async def result(self, attempt: Attempt) -> Result | None:
        return self._database.jobs[attempt.job_id].result


class PostgresWorld(World):
    def __init__(self, database: Database) -> None:
        self._database = database
        self._attempts = PostgresAttempts(database, "generator", GENERATION_REQUESTS.name, POLICY)
        self.library = PostgresLibrary(database)
        self.journal = PostgresCallJournal(database)

    async def claimed(
        self, slug: str = SLUG, tag: ContextTag | None = None, baseline: UUID | None = None
    ) -> tuple[GenerationRequested, Attempt]:
        job = await store_generation(self._database, slug, tag=tag, baseline_text_id=baseline)
        assert isinstance(job.event, GenerationRequested)
        attempt = await self._attempts.claim(job.event)
        assert isinstance(attempt, Attempt)
        return job.event, attempt

    async def cancel(self, attempt: Attempt) -> None:
        async def work(tx: Transaction) -> None:
            await move(tx, JobStatus.CANCELLED, the_job(attempt.job_id), actor="tests")

        await self._database.run(work)

    async def result(self, attempt: Attempt) -> Result | None:
        stored = (await self._database.read(select(jobs.c.result).where(jobs.c.id == attempt.job_id))).scalar()
        return Result.model_validate(stored) if stored else None

    async def completions(self) -> int:
        query = select(func.count()).select_from(outbox).where(outbox.c.type == "generation.completed")
        return int((await self._database.read(query)).scalar() or 0)
