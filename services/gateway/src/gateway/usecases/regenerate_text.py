"""Write a text anew that somebody found wanting."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from gateway.ports import Acceptance, AcceptedJob, Answer, JobStore, NewJob, TextIndex, TextRef
from shared.entities import SHORT_FORMS
from shared.jobs import Identity, JobKind


@dataclass(frozen=True, slots=True)
class UnknownText:
    """No current text has this id: it never existed, or it was replaced."""


class RegenerateText:
    """One job for the place of a text: its entity, form, locale and tag. An active job of that identity is joined, or superseded by force.

    The text is shown until the new one takes its place, and archived then; as the default its successor follows it.
    """

    def __init__(
        self, *, texts: TextIndex, jobs: JobStore, render: Callable[[tuple[AcceptedJob, ...]], Answer]
    ) -> None:
        self._texts = texts
        self._jobs = jobs
        self._render = render

    async def __call__(self, text_id: UUID, caller: str, *, force: bool = False) -> Acceptance | UnknownText:
        """Raises Unavailable("postgres"): then nothing was stored, or the job is found again as the active one."""
        text = await self._texts.text(text_id)
        if text is None:
            return UnknownText()
        return await self._jobs.accept([_job(text, force=force)], caller, self._render)


def _job(text: TextRef, *, force: bool) -> NewJob:
    entity, tag = text.entity, None if text.form in SHORT_FORMS else text.context_tag
    return NewJob(
        kind=JobKind.REGENERATION,
        entity_kind=entity.kind,
        slug=entity.slug,
        requested_slug=entity.slug,
        dedupe_key=Identity(entity.kind, entity.slug, text.form, text.locale, tag).dedupe_key,
        entity_id=entity.id,
        form=text.form,
        locale=text.locale,
        context_tag=tag,
        baseline_text_id=entity.default_text_id,
        force=force,
    )
