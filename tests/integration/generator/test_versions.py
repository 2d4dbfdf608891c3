"""Texts that are written again: versions, the archive, and how different a new one is."""

from itertools import combinations

import pytest
from rapidfuzz import fuzz
from sqlalchemy import select
from tests.integration.generator.harness import Generator
from tests.support import summary
from tests.support.jobs import StoredJob, store_generation

from gateway.adapters.postgres_entities import PostgresEntities
from gateway.adapters.postgres_jobs import PostgresJobs
from gateway.ports import Accepted, AcceptedJob, Answer
from gateway.usecases.regenerate_text import RegenerateText, UnknownText
from shared import ids
from shared.clock import SystemClock
from shared.db.engine import Database
from shared.db.jobs import request_event
from shared.db.tables import jobs
from shared.entities import ContextTag, Form, Locale
from shared.events import GenerationRequested
from shared.jobs import AttemptPolicy

REROLLS = 5
TOO_ALIKE = 85.0
"""Percent of rapidfuzz's `ratio`. Two texts about the same facts share names, numbers and many words, short ones most of all."""
_alike: dict[str, list[float]] = {}


def regenerate(database: Database) -> RegenerateText:
    def render(accepted: tuple[AcceptedJob, ...]) -> Answer:
        return Answer(202, {"job_id": str(accepted[0].job_id)})

    store = PostgresJobs(database, AttemptPolicy())
    return RegenerateText(texts=PostgresEntities(database, SystemClock()), jobs=store, render=render)


async def stored(database: Database, accepted: object) -> StoredJob:
    """The job of an acceptance, ready to be delivered."""
    assert isinstance(accepted, Accepted)
    found = await database.read(select(jobs).where(jobs.c.id == accepted.jobs[0].job_id))
    event = request_event(found.mappings().one())
    assert isinstance(event, GenerationRequested)
    return StoredJob(event.job_id, event)


async def test_a_text_is_regenerated_in_its_place_and_the_old_one_archived(generator: Generator) -> None:
    first = await generator.finish(
        await store_generation(generator.database, "the-matrix-1999", tag=ContextTag.CRITICAL, locale=Locale.DE)
    )
    again = regenerate(generator.database)

    job = await stored(generator.database, await again(first["result"]["text_id"], "editor"))
    row = await generator.finish(job)

    old, new = await generator.texts()
    assert (row["kind"], row["status"], row["result"]["became_default"]) == ("regeneration", "DONE", True)
    assert (new["form"], new["locale"], new["context_tag"]) == (old["form"], old["locale"], old["context_tag"])
    assert (old["version"], new["version"], new["archived_at"]) == (1, 2, None)
    assert old["archived_at"] is not None
    assert new["text"] != old["text"]
    assert (await generator.entity("the-matrix-1999"))["default_text_id"] == new["id"]
    assert isinstance(await again(old["id"], "editor"), UnknownText)
    assert isinstance(await again(ids.row_id(), "editor"), UnknownText)


async def test_who_regenerates_a_text_that_is_being_written_joins_and_force_begins_anew(generator: Generator) -> None:
    first = await generator.finish(
        await store_generation(generator.database, "the-matrix-1999", form=Form.TAGLINE, locale=Locale.EN)
    )
    requested = await store_generation(generator.database, "the-matrix-1999", form=Form.TAGLINE, locale=Locale.EN)
    again = regenerate(generator.database)
    text_id = first["result"]["text_id"]

    joined = await stored(generator.database, await again(text_id, "editor"))
    forced = await stored(generator.database, await again(text_id, "editor", force=True))

    assert joined.id == requested.id != forced.id
    superseded = await generator.job(requested)
    assert (superseded["status"], superseded["superseded_by"]) == ("CANCELLED", forced.id)
    row = await generator.finish(forced)
    assert (row["kind"], row["status"], row["context_tag"]) == ("regeneration", "DONE", None)


@pytest.mark.parametrize("locale", list(Locale))
@pytest.mark.parametrize("form", [Form.DESCRIPTION, Form.TAGLINE, Form.SUMMARY])
async def test_a_text_that_is_written_again_differs_from_all_before(
    generator: Generator, form: Form, locale: Locale
) -> None:
    tag = ContextTag.DEFAULT if form is Form.DESCRIPTION else None
    for _ in range(REROLLS):
        job = await store_generation(generator.database, "heat-1995", form=form, locale=locale, tag=tag)
        row = await generator.finish(job)
        assert row["status"] == "DONE", row["error"]

    written = [text["text"] for text in await generator.texts() if text["locale"] == locale]
    alike = [fuzz.ratio(*pair) for pair in combinations(written, 2)]

    _alike[f"{form} {locale}"] = alike
    assert len(set(written)) == REROLLS
    assert max(alike) < TOO_ALIKE


def _table() -> list[str]:
    return [
        f"{name:<20} mean {sum(alike) / len(alike):4.0f} %   most {max(alike):4.0f} %" for name, alike in _alike.items()
    ]


summary.say("likeness of five versions of a text, pair by pair", _table)
