"""A whole running system whose library holds something of every kind, filled through the API itself and the sandbox's catalogue."""

import asyncio
import json
from collections.abc import Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import httpx
from sqlalchemy import select
from tests.support.fleet import Fleet, fleet
from tests.support.processes import Server

from shared import ids
from shared.db.dead_letters import park
from shared.db.engine import Database, Transaction
from shared.db.tables import dead_letters
from shared.entities import KINDS, EntityKind
from shared.envelope import encode
from shared.errors import BadMessage
from shared.events import EntityChanged
from shared.testing.clock import START
from shared.topology import INVALIDATIONS

ADMIN_TOKEN = "an-operator-token-of-32-characters"
FORMER = "the-name-it-had"
"""The former slug of the first entity of each kind."""
STORED: Mapping[EntityKind, tuple[str, ...]] = {
    EntityKind.MOVIE: (
        "the-matrix-1999",
        "the-matrix-reloaded-2003",
        "the-matrix-revolutions-2003",
        "dune-1984",
        "dune-2021",
        "jaws-1975",
    ),
    EntityKind.PERSON: ("keanu-reeves", "carrie-anne-moss", "lana-wachowski"),
    EntityKind.TV_SERIES: ("breaking-bad-2008", "better-call-saul-2015", "fargo-2014"),
    EntityKind.TV_SHOW: ("taskmaster-2015", "hot-ones-2015", "jeopardy-1984"),
}
"""Each with a text in en-US, its default; the first of a kind also in pl-PL."""
UNKNOWN: Mapping[EntityKind, str] = {
    EntityKind.MOVIE: "heat-1995",
    EntityKind.PERSON: "laurence-fishburne",
    EntityKind.TV_SERIES: "dark-2017",
    EntityKind.TV_SHOW: "mythbusters-2003",
}
"""In the catalogue, without a text of ours."""


@dataclass(frozen=True, slots=True)
class Library:
    """What is there to be asked for. Every job has ended; `letters` are parked and open."""

    fleet: Fleet
    jobs: tuple[str, ...]
    failed_job: str
    letters: tuple[str, ...]

    @property
    def url(self) -> str:
        return self.fleet.services["gateway"].url

    def client(self, **headers: str) -> httpx.Client:
        """A caller without a key; header names with `_` for `-`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.Client(base_url=self.url, headers=sent, timeout=60)

    def documents(self, kind: EntityKind) -> list[dict[str, Any]]:
        """The stored entities of `kind` as their details show them, in the order of `STORED`."""
        with self.client() as client:
            answers = [client.get(f"/api/v1/{KINDS[kind].path}/{slug}").raise_for_status() for slug in STORED[kind]]
        return [cast("dict[str, Any]", answer.json()) for answer in answers]


@contextmanager
def library(postgres: Server, broker: Server, redis: Server) -> Generator[Library]:
    """A system of all services with a filled library."""
    with fleet(postgres, broker, redis, {"ADMIN_API_TOKEN": ADMIN_TOKEN}) as made:
        made.start()
        wishes = [{"entity_type": kind, "slug": slug} for kind, slugs in STORED.items() for slug in slugs]
        translations = [{"entity_type": kind, "slug": slugs[0], "locale": "pl-PL"} for kind, slugs in STORED.items()]
        with ThreadPoolExecutor(4) as callers:
            jobs = [*callers.map(partial(_written, made), translations)]
            jobs += callers.map(partial(_written, made), wishes)
        for kind, slugs in STORED.items():
            made.rows(
                "INSERT INTO slug_aliases (kind, slug, entity_id) SELECT kind, $1, id FROM entities WHERE kind = $2 AND slug = $3",
                FORMER,
                kind,
                slugs[0],
            )
        failed = _ask(made, {"entity_type": "MOVIE", "slug": "the-matrics-1999"})
        assert failed["status"] == "FAILED", failed
        yield Library(made, tuple(jobs), failed["job_id"], asyncio.run(_letters(made.database_url, 3)))


def _written(made: Fleet, wish: Mapping[str, str]) -> str:
    job = _ask(made, wish)
    assert job["status"] == "DONE", json.dumps(job)
    return str(job["job_id"])


def _ask(made: Fleet, wish: Mapping[str, str]) -> dict[str, Any]:
    """The job of a wish, once it has ended."""
    with made.client() as client:
        answer = client.post("/api/v1/generate", json=wish, headers={"Prefer": "wait=30"})
    assert answer.status_code == 200, answer.text
    return cast("dict[str, Any]", answer.json())


async def _letters(database_url: str, count: int) -> tuple[str, ...]:
    """Deliveries that a worker gave up."""

    async def work(tx: Transaction) -> None:
        for _ in range(count):
            event = EntityChanged(
                event_id=ids.row_id(),
                occurred_at=START,
                entity_kind=EntityKind.MOVIE,
                entity_id=ids.row_id(),
                slug="the-matrix-1999",
                entity_version=2,
            )
            envelope = encode(event)
            await park(tx, INVALIDATIONS.name, BadMessage("handler-crashed", ""), envelope.headers, envelope.body)

    async with Database.open(database_url, "tests") as database:
        await database.run(work)
        return tuple(str(row) for row in (await database.read(select(dead_letters.c.id))).scalars())
