"""A requested text: from the claimed job to the published text."""

from generator.ports import Brief, Draft, Library, Shelf
from generator.usecases.find_subject import FindSubject
from generator.usecases.write_text import WriteText
from shared.entities import ContextTag
from shared.errors import Permanent, Transient, failure
from shared.events import GenerationRequested
from shared.jobs import Attempt, FailureType, Identity

OTHER_JOB_S = 2.0
"""Until a job looks again whether the other job with its identity is done."""
ROTATION = (ContextTag.DEFAULT, ContextTag.MODERN, ContextTag.CRITICAL, ContextTag.HUMOROUS)
"""The order in which an entity gets its texts when no tag was asked for."""


class GenerateText:
    """One published text per job, however often its event arrives, and one AI call for all spellings of a slug."""

    def __init__(self, *, find_subject: FindSubject, library: Library, write_text: WriteText) -> None:
        self._find_subject = find_subject
        self._library = library
        self._write_text = write_text

    async def __call__(self, event: GenerationRequested, attempt: Attempt) -> None:
        form, locale = attempt.form, attempt.locale
        if form is None or locale is None:
            raise Permanent(failure(FailureType.UNKNOWN_ERROR, "the job asks for no text"))
        subject = await self._find_subject(attempt)
        identity = Identity(attempt.entity_kind, subject.slug, form, locale, attempt.context_tag)
        if subject.slug != attempt.slug and not await self._library.adopt(attempt, identity):
            busy = failure(FailureType.UNKNOWN_ERROR, "another job writes the same text")
            raise Transient(busy, retry_after_s=OTHER_JOB_S, counted=False)
        # by catalogue id, because the entity may have been stored after it was looked for
        shelf = await self._library.shelf(attempt, identity, subject.facts.tmdb_id)
        if shelf.twin is not None:
            await self._library.share(attempt, event, shelf.twin)
            return
        tag = attempt.context_tag or next_tag(shelf)
        others = tuple(text.text for text in shelf.texts)
        written = await self._write_text(attempt, Brief(subject.facts, form, locale, tag, others))
        await self._library.publish(attempt, event, Draft(subject, form, locale, tag, written))


def next_tag(shelf: Shelf) -> ContextTag:
    """The first tag of the rotation that is missing on the shelf; DEFAULT again when none is."""
    used = {text.context_tag for text in shelf.texts}
    return next((tag for tag in ROTATION if tag not in used), ContextTag.DEFAULT)
