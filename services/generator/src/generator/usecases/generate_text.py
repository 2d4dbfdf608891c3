"""A requested text: from the claimed job to the published text."""

from dataclasses import replace

from generator.ports import Brief, Draft, Library, Shelf, Subject, Written
from generator.usecases.find_subject import FindSubject
from generator.usecases.write_text import WriteText
from shared.entities import CANONICAL_LOCALE, SHORT_FORMS, ContextTag, Form, Locale, Origin
from shared.errors import Permanent, Transient, failure
from shared.events import GenerationRequested
from shared.jobs import Attempt, Failure, FailureType, Identity

OTHER_JOB_S = 2.0
"""Until a job looks again whether the other job with its identity is done."""
ROTATION = (ContextTag.DEFAULT, ContextTag.MODERN, ContextTag.CRITICAL, ContextTag.HUMOROUS)
"""The order in which an entity gets its texts when no tag was asked for."""


class GenerateText:
    """One published text per job, however often its event arrives, and one AI call for all spellings of a slug.

    Long forms are written in their own locale. Short ones are written in `CANONICAL_LOCALE` and translated from there: a job that finds no
    source, or only one that was translated before, writes one first, and both are published together.
    """

    def __init__(
        self, *, find_subject: FindSubject, library: Library, write_text: WriteText, lock_baseline: bool = False
    ) -> None:
        """With `lock_baseline`, a job without a tag renews the text that was the default at its acceptance, in the locale of that text."""
        self._find_subject = find_subject
        self._library = library
        self._write_text = write_text
        self._lock_baseline = lock_baseline

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
        draft = await self._draft(attempt, subject, shelf, self._brief(attempt, subject, shelf, form, locale))
        await self._library.publish(attempt, event, draft)

    def _brief(self, attempt: Attempt, subject: Subject, shelf: Shelf, form: Form, locale: Locale) -> Brief:
        tag = ContextTag.DEFAULT if form in SHORT_FORMS else attempt.context_tag or self._free_tag(attempt, shelf)
        return Brief(subject.facts, form, locale, tag, others(shelf, tag))

    def _free_tag(self, attempt: Attempt, shelf: Shelf) -> ContextTag:
        baseline = next((text for text in shelf.texts if text.id == attempt.baseline_text_id), None)
        return baseline.context_tag if self._lock_baseline and baseline else next_tag(shelf)

    async def _draft(self, attempt: Attempt, subject: Subject, shelf: Shelf, brief: Brief) -> Draft:
        place = subject, brief.form, brief.locale, brief.context_tag
        if brief.form not in SHORT_FORMS or brief.locale is CANONICAL_LOCALE:
            return Draft(*place, await self._write(attempt, subject, brief))
        if shelf.source is not None:
            new, source = None, shelf.source.text
        else:
            used = tuple(text.text for text in shelf.sources)
            new = await self._write(attempt, subject, replace(brief, locale=CANONICAL_LOCALE, others=used))
            source = new.text
        written = await self._write(attempt, subject, replace(brief, source=source))
        return Draft(*place, written, Origin.TRANSLATED, new)

    async def _write(self, attempt: Attempt, subject: Subject, brief: Brief) -> Written:
        """The checked text of `brief`; that its subject does not exist is said with what may be meant instead."""
        try:
            return await self._write_text(attempt, brief)
        except Permanent as stopped:
            if stopped.failure.type is not FailureType.NOT_FOUND:
                raise
            message = stopped.failure.technical_message
        near = await self._find_subject.near(subject.facts)
        raise Permanent(Failure(type=FailureType.NOT_FOUND, technical_message=message, suggestions=near))


def next_tag(shelf: Shelf) -> ContextTag:
    """The first tag of the rotation that is missing on the shelf; DEFAULT again when none is."""
    used = {text.context_tag for text in shelf.texts}
    return next((tag for tag in ROTATION if tag not in used), ContextTag.DEFAULT)


def others(shelf: Shelf, tag: ContextTag) -> tuple[str, ...]:
    """What a new text with `tag` has to differ from: what it replaces, what was in its place before, then its siblings."""
    replaced = [text.text for text in shelf.texts if text.context_tag is tag]
    archived = [text.text for text in shelf.archived if text.context_tag is tag]
    siblings = [text.text for text in shelf.texts if text.context_tag is not tag]
    return (*replaced, *archived, *siblings)
