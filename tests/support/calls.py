"""A call to a model that may be made, for a job that nobody stored."""

from generator.ports import Call
from shared import ids
from shared.entities import EntityKind, Form, Locale
from shared.jobs import Attempt, JobKind
from shared.testing.clock import START


def a_call(form: Form = Form.DESCRIPTION) -> Call:
    attempt = Attempt(
        job_id=ids.job_id(),
        kind=JobKind.GENERATION,
        number=1,
        max_attempts=3,
        token=ids.job_id(),
        seconds_left=600.0,
        accepted_seq=1,
        created_at=START,
        entity_kind=EntityKind.MOVIE,
        slug="the-matrix-1999",
        requested_slug="the-matrix-1999",
        form=form,
        locale=Locale.EN,
    )
    return Call(ids.row_id(), attempt, attempt.seconds_left)
