"""The system around a crash: healthy processes of every service, subjects that no other cell uses, and the verdict."""

import asyncio
import itertools
import re
import signal
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.faults.crash_points.victims import Victim
from tests.support import driving
from tests.support.fleet import SERVICES, Fleet
from tests.support.jobs import store_generation
from tests.support.processes import wait_until

from sandbox.tmdb.store import Store
from shared import slugs
from shared.db.engine import Database
from shared.faults import Mode
from shared.jobs import JobStatus

TRIES = 6
STRIKE_S = 5.0


@dataclass(frozen=True, slots=True)
class Cell:
    """One point in one mode, which it shows when a process comes by for the time that `passes` names."""

    point: str
    mode: Mode
    passes: int = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """A job, and the request that must find it again."""

    job_id: str
    body: dict[str, Any] = field(default_factory=dict[str, Any])
    key: str | None = None


def films() -> Iterator[str]:
    """Slugs of the films that the simulated catalogue knows under one title each."""
    known = list(Store.packaged().movies.values())
    titles = Counter(slugs.slugify(film.title) for film in known)
    return (
        f"{slugs.slugify(film.title)}-{film.release_date[:4]}"
        for film in known
        if titles[slugs.slugify(film.title)] == 1 and film.title.isascii() and not re.search(r"\d", film.title)
    )


@dataclass(slots=True)
class Stage:
    fleet: Fleet
    films: Iterator[str] = field(default_factory=films)
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _calls_before: int = 0

    def begin(self) -> None:
        """Count AI calls from here."""
        self._calls_before = len(self.fleet.calls("openai"))

    def calls(self) -> int:
        """AI calls since `begin`, as the provider counts."""
        return len(self.fleet.calls("openai")) - self._calls_before

    def calls_by_job(self) -> Counter[str]:
        """AI calls since `begin`, as the provider counts, by the job they were made for. Every one of them was written down before."""
        made = [call["client_request_id"] for call in self.fleet.calls("openai")[self._calls_before :]]
        jobs = {str(row["id"]): str(row["job_id"]) for row in self.fleet.rows("SELECT id, job_id FROM ai_calls")}
        return Counter(jobs[call_id] for call_id in made)

    def key(self) -> str:
        """An idempotency key that was never used."""
        return f"crash-point-{next(self._numbers)}"

    @contextmanager
    def victim(self, module: str, cell: Cell) -> Generator[Victim]:
        """A further process of a service, armed; gone afterwards."""
        service = self.fleet.add(module, f"victim-{next(self._numbers)}-{module}")
        victim = Victim(service, cell.point, cell.mode, cell.passes)
        try:
            yield victim
        finally:
            victim.kill()

    @contextmanager
    def others_paused(self) -> Generator[None]:
        """Nothing moves but the victim."""
        for module in SERVICES:
            self.fleet.services[module].signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for module in SERVICES:
                self.fleet.services[module].signal(signal.SIGCONT)

    def generate(self, slug: str, **members: Any) -> Asked:
        """An accepted generation."""
        key = self.key()
        return Asked(driving.accepted(self.fleet, slug, key=key, **members), {"slug": slug, **members}, key)

    def refresh(self, slug: str) -> Asked:
        """An accepted refresh."""
        with self.fleet.client() as client:
            answer = client.post(f"/api/v1/movies/{slug}/refresh", headers={"Prefer": "respond-async"})
        assert answer.status_code == 202, answer.text
        return Asked(str(answer.json()["job_id"]))

    def stored(self, slug: str) -> Asked:
        """A generation whose event waits in the outbox, written there past every process."""

        async def store() -> str:
            async with Database.open(self.fleet.database_url, "tests") as database:
                return str((await store_generation(database, slug, published=True)).id)

        return Asked(asyncio.run(store()))

    def written(self, count: int) -> list[str]:
        """The slugs of `count` further films whose texts exist; AI calls count from here."""
        asked = [self.generate(slug) for slug in itertools.islice(self.films, count)]
        self.done(asked)
        driving.settle(self.fleet)
        self.begin()
        rows = self.fleet.rows("SELECT slug FROM jobs WHERE id = ANY($1::uuid[])", [one.job_id for one in asked])
        return [str(row["slug"]) for row in rows]

    def done(self, asked: Sequence[Asked]) -> list[str | None]:
        """Wait until all jobs are DONE, without asking the gateway about them; the ids of their texts, where they have one."""
        ids = [one.job_id for one in asked]

        def ended() -> bool:
            return all(JobStatus(row["status"]).terminal for row in self.fleet.rows(_JOBS, ids))

        wait_until(ended, "the end of the jobs", driving.PATIENCE_S)
        rows = {str(row["id"]): row for row in self.fleet.rows(_JOBS, ids)}
        assert {row["status"] for row in rows.values()} == {JobStatus.DONE}, rows
        return [rows[job_id]["text_id"] for job_id in ids]

    def sources(self, asked: Sequence[Asked]) -> int:
        """How many English texts came to be shown on the way to the translations that were asked for."""
        return len(self.fleet.rows(_SOURCES, [one.job_id for one in asked]))

    def texts(self, slug: str) -> set[str]:
        """The ids of the texts that a reader of the film is shown; the answer may come from the cache."""
        with self.fleet.client() as client:
            film = client.get(f"/api/v1/movies/{slug}").raise_for_status().json()
        return {text["id"] for text in film["descriptions"]}

    def accepted(self, slug: str) -> int:
        """How many jobs were accepted for the film as it was asked for."""
        return len(self.fleet.rows("SELECT id FROM jobs WHERE requested_slug = $1", slug))

    def drive(self, victim: Victim, ask: Callable[[int], Asked]) -> list[Asked]:
        """Ask for jobs until one of them led the victim to its point.

        The broker serves consumers in turn: of two jobs one is the victim's, unless a copy of another message took its turn.
        """
        asked = [ask(0)]
        for number in range(1, TRIES):
            asked.append(ask(number))
            if self._struck(victim):
                return asked
        raise AssertionError(f"nobody came by the point: {victim.describe()}")

    def rule(self, asked: Sequence[Asked]) -> None:
        """The verdict: each job ended DONE once, with one effect, and its key finds it again; nothing is left, every invariant holds."""
        self.done(asked)
        driving.settle(self.fleet)
        ids = [one.job_id for one in asked]
        assert {row["job_id"]: row["count"] for row in self.fleet.rows(_ENDS, ids)} == dict.fromkeys(ids, 1)
        assert self.fleet.rows(_SEVERAL_TEXTS) == []
        assert self.fleet.rows(_SHARED_SLOTS) == []
        assert self.fleet.rows("SELECT queue, reason, detail FROM dead_letters") == []
        for one in asked:
            if one.key is not None:
                again = driving.ask(self.fleet, key=one.key, **one.body)
                assert (again.json()["job_id"], again.headers.get("Idempotent-Replayed")) == (one.job_id, "true")

    def _struck(self, victim: Victim) -> bool:
        try:
            wait_until(lambda: victim.struck, "the fault", STRIKE_S)
        except TimeoutError:
            return False
        return True


_JOBS = "SELECT id, status, error, result ->> 'text_id' AS text_id FROM jobs WHERE id = ANY($1::uuid[])"
_ENDS = """
    SELECT job_id::text, count(*) FROM job_transitions
    WHERE job_id = ANY($1::uuid[]) AND to_status = 'DONE' GROUP BY job_id
"""
_SEVERAL_TEXTS = """
    SELECT jobs.id FROM jobs LEFT JOIN texts ON texts.job_id = jobs.id WHERE jobs.kind = 'generation'
    GROUP BY jobs.id HAVING count(texts.id) <> 1
"""
_SOURCES = """
    SELECT source.id FROM jobs
    JOIN texts AS translation ON translation.job_id = jobs.id AND translation.origin = 'TRANSLATED'
    JOIN texts AS source ON (source.entity_id, source.form) = (translation.entity_id, translation.form)
    WHERE jobs.id = ANY($1::uuid[]) AND source.job_id IS NULL AND source.archived_at IS NULL
"""
_SHARED_SLOTS = """
    SELECT entity_id, form, locale, context_tag FROM texts WHERE archived_at IS NULL
    GROUP BY entity_id, form, locale, context_tag HAVING count(*) > 1
"""
