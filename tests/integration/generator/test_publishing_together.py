"""Texts that are ready at the same moment share a transaction, and nothing else."""

import asyncio
from collections import Counter
from dataclasses import replace

from sqlalchemy import func, select
from tests.support.jobs import store_generation
from tests.unit.generator.samples import MATRIX

from generator.adapters.postgres_results import PostgresLibrary
from generator.ports import Draft, Known, Subject, Written
from shared import ids, topology
from shared.db.attempts import PostgresAttempts
from shared.db.engine import Database, Transaction
from shared.db.facts import create_entity
from shared.db.tables import entities, jobs, outbox, texts
from shared.entities import ContextTag, Form, Locale
from shared.errors import LeaseLost
from shared.events import GenerationRequested
from shared.invariants import Evidence, check_all
from shared.jobs import Attempt, AttemptPolicy

FILMS = 12
TAG = ContextTag.DEFAULT


class Press:
    """Stored films, and attempts that have a text for them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.library = PostgresLibrary(database)
        queue = topology.GENERATION_REQUESTS
        self._attempts = PostgresAttempts(database, queue.consumer, queue.name, AttemptPolicy())

    async def film(self, number: int) -> Known:
        facts = MATRIX.model_copy(update={"tmdb_id": number, "title": f"Film {number}"})
        await self.database.run(lambda tx: create_entity(tx, facts))
        known = await self.library.find_by_tmdb(facts.kind, number)
        assert known is not None
        return known

    async def attempt(self, film: Known) -> tuple[GenerationRequested, Attempt]:
        stored = await store_generation(self.database, f"{film.slug}-{ids.job_id().hex[:8]}")
        assert isinstance(stored.event, GenerationRequested)
        attempt = await self._attempts.claim(stored.event)
        assert isinstance(attempt, Attempt)
        return stored.event, attempt

    async def publish(self, film: Known, event: GenerationRequested, attempt: Attempt, text: str = "A text.") -> None:
        subject = Subject(film.slug, film.facts, fresh=False, entity_id=film.entity_id)
        draft = Draft(subject, Form.DESCRIPTION, Locale.EN, TAG, Written(text, "m", "v1", "0" * 64))
        await self.library.publish(attempt, event, draft)

    async def statuses(self) -> dict[str, int]:
        return dict(Counter((await self.database.read(select(jobs.c.status))).scalars()))

    async def violations(self) -> list[str]:
        results = await check_all(Evidence(self.database))
        return [violation.sentence for result in results for violation in result.violations]

    async def count(self, what: str) -> int:
        table = {"texts": texts, "outbox": outbox}[what]
        return int((await self.database.read(select(func.count()).select_from(table))).scalar_one())


async def test_all_are_published_and_the_one_that_lost_its_job_leaves_nothing(database: Database) -> None:
    press = Press(database)
    films = [await press.film(number) for number in range(1, FILMS + 1)]
    attempts = [await press.attempt(film) for film in films]
    event, lost = attempts[3]
    attempts[3] = event, replace(lost, token=ids.job_id())
    waiting = await press.count("outbox")

    ended = await asyncio.gather(
        *(press.publish(film, *attempt) for film, attempt in zip(films, attempts, strict=True)), return_exceptions=True
    )

    assert [type(one) for one in ended] == [type(None)] * 3 + [LeaseLost] + [type(None)] * (FILMS - 4)
    assert await press.statuses() == {"DONE": FILMS - 1, "PROCESSING": 1}
    assert (await press.count("texts"), await press.count("outbox") - waiting) == (FILMS - 1, FILMS - 1)
    assert await press.violations() == []


async def test_texts_for_one_slot_follow_one_another(database: Database) -> None:
    press = Press(database)
    film = await press.film(1)
    attempts = [await press.attempt(film) for _ in range(6)]

    await asyncio.gather(*(press.publish(film, *attempt) for attempt in attempts))

    rows = (await database.read(select(texts.c.version, texts.c.archived_at, texts.c.job_id))).all()
    assert sorted(row.version for row in rows) == [1, 2, 3, 4, 5, 6]
    assert [row.job_id for row in rows if row.archived_at is None] == [attempts[-1][1].job_id]
    assert await press.statuses() == {"DONE": 6}
    assert await press.violations() == []


async def test_a_locked_entity_holds_up_only_its_own_text(database: Database) -> None:
    press = Press(database)
    films = [await press.film(number) for number in (1, 2, 3)]
    attempts = [await press.attempt(film) for film in films]
    free, held = asyncio.Event(), asyncio.Event()

    async def hold(tx: Transaction) -> None:
        await tx.execute(select(entities.c.id).where(entities.c.id == films[0].entity_id).with_for_update())
        held.set()
        await free.wait()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(database.run(hold))
        await held.wait()
        one = tasks.create_task(press.publish(films[0], *attempts[0]))
        await asyncio.gather(
            *(press.publish(film, *attempt) for film, attempt in zip(films[1:], attempts[1:], strict=True))
        )
        assert not one.done()
        free.set()

    assert await press.statuses() == {"DONE": 3}


async def test_a_text_that_cannot_be_stored_spoils_no_other(database: Database) -> None:
    press = Press(database)
    films = [await press.film(number) for number in (1, 2, 3)]
    attempts = [await press.attempt(film) for film in films]
    words = ["A text.", "A \x00 text.", "A text."]

    ended = await asyncio.gather(
        *(press.publish(film, *attempt, text) for film, attempt, text in zip(films, attempts, words, strict=True)),
        return_exceptions=True,
    )

    assert [isinstance(one, Exception) for one in ended] == [False, True, False]
    assert await press.statuses() == {"DONE": 2, "PROCESSING": 1}
