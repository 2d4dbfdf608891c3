"""Which model a job asks."""

from dataclasses import dataclass
from uuid import UUID

from shared.entities import SHORT_FORMS, Form


@dataclass(frozen=True, slots=True)
class ModelRoutes:
    """`main`, unless another model is configured for this kind of job.

    `short` writes summaries and taglines, where a cheap model does. `candidate` writes `candidate_percent` of the other texts, so that a
    model can be tried on real work before it becomes `main`.

    The choice depends on the job alone, not on the attempt, the worker or the moment: a retry asks the model that the attempt before it
    asked, and `ai_calls` tells which jobs tried the candidate.
    """

    main: str
    short: str | None = None
    candidate: str | None = None
    candidate_percent: int = 0

    def __call__(self, job_id: UUID, form: Form | None) -> str:
        if self.short is not None and form in SHORT_FORMS:
            return self.short
        # the last bits of a job id are random (UUID version 4)
        if self.candidate is not None and job_id.int % 100 < self.candidate_percent:
            return self.candidate
        return self.main

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that some job may ask."""
        named = (self.main, self.short, self.candidate if self.candidate_percent else None)
        return tuple(dict.fromkeys(name for name in named if name is not None))
