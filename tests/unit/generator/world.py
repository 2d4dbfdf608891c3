"""A generator over fakes: one database, and a catalogue that knows two subjects."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from tests.support.fakes.library import FakeLibrary
from tests.support.fakes.model import FakeCallJournal, ScriptedModel

from generator.guard import Validator
from generator.ports import Answer
from generator.usecases.find_subject import FindSubject
from generator.usecases.generate_text import GenerateText
from generator.usecases.write_text import WriteText
from shared import ids
from shared.entities import KINDS, ContextTag, EntityKind, Form, Locale
from shared.events import GenerationRequested
from shared.jobs import Attempt, Result
from shared.testing.attempts import FakeAttempts
from shared.testing.catalog import FakeCatalog
from shared.testing.clock import START, FakeClock
from shared.testing.database import FakeDatabase
from shared.testing.rows import TextRow

TIMEOUT_S = 60.0


@dataclass(slots=True)
class World:
    clock: FakeClock
    database: FakeDatabase
    attempts: FakeAttempts
    catalog: FakeCatalog
    library: FakeLibrary
    journal: FakeCallJournal
    validator: Validator

    async def claimed(
        self,
        slug: str = "the-matrix-1999",
        *,
        kind: EntityKind = EntityKind.MOVIE,
        locale: Locale = Locale.EN,
        tag: ContextTag | None = None,
        form: Form | None = None,
        baseline_text_id: UUID | None = None,
        max_attempts: int = 3,
    ) -> tuple[GenerationRequested, Attempt]:
        """A job that was accepted now, and its first attempt."""
        event = GenerationRequested(
            event_id=ids.row_id(), occurred_at=START, entity_kind=kind, job_id=ids.job_id(), slug=slug,
            form=form or KINDS[kind].form, locale=locale, context_tag=tag,
        )  # fmt: skip
        self.database.accept(event, max_attempts=max_attempts)
        attempt = await self.attempts.claim(event)
        assert isinstance(attempt, Attempt)
        return event, replace(attempt, baseline_text_id=baseline_text_id)

    def writer(self, model: ScriptedModel) -> WriteText:
        return WriteText(calls=self.journal, model=model, validator=self.validator, timeout_s=TIMEOUT_S)

    def generate(
        self, answers: Sequence[Answer | Exception] | ScriptedModel, *, lock_baseline: bool = False
    ) -> GenerateText:
        model = answers if isinstance(answers, ScriptedModel) else ScriptedModel(answers)
        return GenerateText(
            find_subject=FindSubject(library=self.library, catalog=self.catalog),
            library=self.library,
            write_text=self.writer(model),
            lock_baseline=lock_baseline,
        )

    def result(self, attempt: Attempt) -> Result:
        result = self.database.jobs[attempt.job_id].result
        assert result is not None
        return result

    @property
    def texts(self) -> list[TextRow]:
        return list(self.database.texts.values())

    @property
    def calls(self) -> list[str]:
        """The outcomes of all calls that were written down."""
        return [call.outcome for call in self.database.calls.values()]
