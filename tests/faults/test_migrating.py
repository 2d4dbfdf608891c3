"""F54: the schema grows while the processes that do not know of it yet serve."""

import os
import threading
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError
from tests.support.driving import accepted, ended
from tests.support.fleet import Fleet, fleet
from tests.support.processes import Server, wait_until

import shared.migrations
from shared.db.engine import LOCK_NOT_AVAILABLE, sqlstate
from shared.migrations.__main__ import config

SLUGS = ("the-matrix-1999", "heat-1995", "inception-2010", "alien-1979", "amelie-2001", "parasite-2019")
LOCALES = ("en-US", "pl-PL", "de-DE", "fr-FR", "es-ES")
TABLES = ("jobs", "outbox", "texts", "entities", "idempotency_keys")
EXPANSION = '''"""what an expanding migration does"""

from alembic import op
import sqlalchemy as sa

revision = "f54_{table}"
down_revision = "{before}"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.add_column("{table}", sa.Column("mood", sa.Text(), server_default="noir", nullable=False))
    with op.get_context().autocommit_block():
        op.create_index("ix_{table}_mood", "{table}", ["mood"], postgresql_concurrently=True)
'''


@pytest.fixture(scope="module")
def serving(postgres_server: Server, embedded_broker_server: Server, redis_server: Server) -> Iterator[Fleet]:
    with fleet(postgres_server, embedded_broker_server, redis_server, {"JOB_LEASE_S": "30"}) as made:
        made.start("gateway", "generator")
        yield made


@pytest.fixture
def expansion(serving: Fleet, tmp_path: Path) -> Config:
    """The migrations there are, and one more for each busy table: two tables in one transaction could deadlock with a request."""
    alembic = config(serving.database_url)
    versions = Path(shared.migrations.__file__).parent / "versions"
    alembic.set_main_option("path_separator", "os")
    alembic.set_main_option("version_locations", os.pathsep.join((str(versions), str(tmp_path))))
    before = ScriptDirectory.from_config(alembic).get_current_head()
    for table in TABLES:
        (tmp_path / f"2030-01-01-0000_{table}.py").write_text(EXPANSION.format(table=table, before=before))
        before = f"f54_{table}"
    return alembic


@contextmanager
def under_load(fleet: Fleet, *, keyed: bool = True) -> Generator[Counter[int]]:
    """Two clients that ask, each time with a key of its own, and read; how often each status was answered."""
    statuses, done = Counter[int](), threading.Event()

    def ask(client: httpx.Client, number: int) -> None:
        body = {"entity_type": "MOVIE", "slug": SLUGS[number % 6], "locale": LOCALES[number // 6 % 5]}
        headers = {"Idempotency-Key": f"migrating-{number:08}"} if keyed else {}
        for answer in (
            client.post("/api/v1/generate", json=body, headers=headers),
            client.get("/api/v1/movies"),
        ):
            statuses[answer.status_code] += 1

    def load(offset: int) -> None:
        with fleet.client() as client:
            number = offset
            while not done.wait(0.05):
                ask(client, number)
                number += 2

    clients = [threading.Thread(target=load, args=(offset,)) for offset in range(2)]
    for client in clients:
        client.start()
    try:
        wait_until(lambda: statuses.total() > 10, "the load")
        yield statuses
        seen = statuses.total()
        wait_until(lambda: statuses.total() > seen + 10, "the load afterwards")
    finally:
        done.set()
        for client in clients:
            client.join()


def test_f54_a_migration_that_does_not_get_its_lock_gives_up_before_anybody_fails(
    serving: Fleet, expansion: Config
) -> None:
    engine = sa.create_engine(serving.database_url.replace("postgresql://", "postgresql+psycopg://"))
    with under_load(serving, keyed=False) as statuses, engine.begin() as reader:
        reader.execute(sa.text("SELECT count(*) FROM jobs"))
        with pytest.raises(DBAPIError) as refused:
            command.upgrade(expansion, "head")
    engine.dispose()

    assert sqlstate(refused.value) == LOCK_NOT_AVAILABLE
    assert set(statuses) == {200, 202}
    assert "mood" not in serving.rows("SELECT * FROM jobs LIMIT 1")[0]


def test_f54_the_schema_grows_under_load_and_nobody_notices(serving: Fleet, expansion: Config) -> None:
    with under_load(serving) as statuses:
        command.upgrade(expansion, "head")

    (document,) = ended(serving, [accepted(serving, "dune-2021")])
    wait_until(lambda: not serving.rows("SELECT 1 FROM jobs WHERE finished_at IS NULL"), "the jobs")
    assert set(statuses) == {200, 202}
    assert document["status"] == "DONE"
    assert {row["mood"] for row in serving.rows("SELECT mood FROM jobs")} == {"noir"}
    assert {row["status"] for row in serving.rows("SELECT DISTINCT status FROM jobs")} == {"DONE"}
