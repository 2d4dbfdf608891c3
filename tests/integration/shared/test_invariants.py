"""Each invariant is seen to be violated when it is, and only then."""

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field

import aio_pika
import pytest
from aio_pika.abc import AbstractIncomingMessage
from redis.asyncio import Redis
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from tests.integration.shared.planted import HARMLESS, PLANTED, plant
from tests.support.invariants import assert_invariants, violations
from tests.support.jobs import store_generation, store_refresh
from tests.unit.generator.samples import MATRIX

from gateway.adapters.postgres_jobs import PostgresJobs
from gateway.ports import Accepted, Answer, IdempotencyKey, NewJob
from generator.adapters.postgres_results import PostgresLibrary
from generator.ports import Draft, Subject, Written
from shared import cache_keys, ids, topology
from shared.db.attempts import PostgresAttempts
from shared.db.engine import Database
from shared.db.tables import entities
from shared.entities import ContextTag, EntityKind, Form, Locale
from shared.events import GenerationRequested, RefreshRequested
from shared.invariants import CHECKED, Evidence, QueueState, Tolerance, check_all
from shared.invariants.model import Unchecked
from shared.invariants.statements import statement
from shared.jobs import Attempt, AttemptPolicy, Identity, JobKind
from shared.messaging.queue_states import RabbitQueues
from tmdb_sync.adapters.postgres import PostgresFacts

POLICY = AttemptPolicy()
SLUG = "the-matrix-1999"
AT_ONCE = Tolerance(unsent_s=0, stale_s=0)
HOUR_S = 3600.0


async def acked(message: AbstractIncomingMessage) -> None:
    await message.ack()


@dataclass(frozen=True, slots=True)
class Queues:
    """A broker that says what a test wants it to say."""

    said: Mapping[str, QueueState] = field(default_factory=dict[str, QueueState])

    async def states(self, names: Collection[str]) -> Mapping[str, QueueState]:
        return {name: self.said.get(name, QueueState(0, 1)) for name in names}


async def check(evidence: Evidence) -> dict[str, list[str]]:
    """The violated invariants, with what is said of each."""
    return {
        result.invariant.id: [violation.sentence for violation in result.violations]
        for result in await check_all(evidence)
        if result.violations
    }


async def accept(database: Database) -> None:
    """A film is asked for with a key, by the code that does it in production."""
    identity = Identity(EntityKind.MOVIE, SLUG, Form.DESCRIPTION, Locale.PL, None)
    new = NewJob(
        JobKind.GENERATION, identity.kind, SLUG, SLUG, identity.dedupe_key, form=identity.form, locale=identity.locale
    )
    key = IdempotencyKey("the-key-of-a-client", "fingerprint")
    accepted = await PostgresJobs(database, POLICY).accept((new,), "caller", lambda _: Answer(202, {}), key)
    assert isinstance(accepted, Accepted)


async def generate(database: Database) -> None:
    """A text is written, from the acceptance to the completion."""
    job = await store_generation(database, SLUG)
    assert isinstance(job.event, GenerationRequested)
    attempt = await PostgresAttempts(database, "generator", topology.GENERATION_REQUESTS.name, POLICY).claim(job.event)
    assert isinstance(attempt, Attempt)
    subject = Subject(SLUG, MATRIX, fresh=True, entity_id=None)
    draft = Draft(subject, Form.DESCRIPTION, Locale.EN, ContextTag.DEFAULT, Written("A text.", "m", "v1", "0" * 64))
    await PostgresLibrary(database).publish(attempt, job.event, draft)


async def refresh(database: Database) -> None:
    """The facts of the film are renewed."""
    entity_id = (await database.read(select(entities.c.id).where(entities.c.slug == SLUG))).scalar_one()
    job = await store_refresh(database, entity_id, SLUG)
    assert isinstance(job.event, RefreshRequested)
    attempt = await PostgresAttempts(database, "tmdb-sync", topology.REFRESH_REQUESTS.name, POLICY).claim(job.event)
    assert isinstance(attempt, Attempt)
    await PostgresFacts(database).refresh(attempt, job.event, MATRIX)


@pytest.fixture
async def worked(database: Database) -> Database:
    """A database in which everything has happened once: one job waits, one is DONE, one entity was refreshed."""
    await generate(database)
    await refresh(database)
    await accept(database)
    return database


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator["Redis"]:
    async with Redis.from_url(redis_url) as redis:
        yield redis


async def test_all_hold_after_ordinary_work(worked: Database) -> None:
    results = await check_all(Evidence(worked))

    assert [(result.invariant.id, result.violations) for result in results] == [(item.id, ()) for item in CHECKED]


@pytest.mark.parametrize("statements", HARMLESS, ids=range(len(HARMLESS)))
async def test_what_passes_by_itself_or_is_allowed_is_no_violation(worked: Database, statements: list[str]) -> None:
    await plant(worked, *statements)

    assert await check(Evidence(worked)) == {}


@pytest.mark.parametrize(("invariant", "says", "statements"), PLANTED, ids=[f"{item[0]} {item[1]}" for item in PLANTED])
async def test_a_violation_is_seen_and_nothing_else(
    worked: Database, invariant: str, says: str, statements: list[str]
) -> None:
    await plant(worked, *statements)

    found = await check(Evidence(worked))

    assert list(found) == [invariant]
    assert any(sentence.startswith(says) for sentence in found[invariant]), found


async def test_what_is_older_than_the_window_is_left_to_a_look_at_everything(worked: Database) -> None:
    await plant(
        worked,
        "UPDATE jobs SET result = result - 'text_id' WHERE kind = 'generation'",
        "UPDATE jobs SET created_at = now() - interval '2 hours'",
    )

    recently = await check(Evidence(worked, window_s=HOUR_S))
    ever = await check(Evidence(worked, window_s=3 * HOUR_S))

    assert (list(recently), list(ever)) == ([], ["I2"])


async def test_a_job_that_nothing_will_wake_is_lost(worked: Database) -> None:
    await plant(worked, "DELETE FROM outbox")
    queue = topology.GENERATION_REQUESTS.name

    lost = await check(Evidence(worked, Queues(), tolerance=AT_ONCE))
    waiting = await check(Evidence(worked, Queues({queue: QueueState(1, 1)}), tolerance=AT_ONCE))
    patient = await check(Evidence(worked, Queues()))

    assert lost == {"I1": ["1 jobs wait and nothing will wake them: no event, no message, no lease"]}
    assert (waiting, patient) == ({}, {})


async def test_a_live_lease_or_a_retry_to_come_is_no_loss(worked: Database) -> None:
    evidence = Evidence(worked, Queues(), tolerance=AT_ONCE)
    await plant(worked, "DELETE FROM outbox")

    found: list[list[str]] = []
    for sql in (
        "UPDATE jobs SET status = 'PROCESSING', lease_until = now() + interval '20 seconds' WHERE status = 'PENDING'",
        "UPDATE jobs SET status = 'RETRYING', lease_until = NULL, next_attempt_at = lease_until WHERE status = 'PROCESSING'",
        "UPDATE jobs SET next_attempt_at = now() WHERE status = 'RETRYING'",
    ):
        await plant(worked, sql)
        found.append(list(await check(evidence)))

    assert found == [[], [], ["I1"]]


async def test_a_store_that_is_away_is_said_and_the_others_are_checked(worked: Database) -> None:
    await plant(worked, "DELETE FROM outbox", "UPDATE jobs SET sequence = 9 WHERE kind = 'refresh'")
    nobody = RabbitQueues("amqp://guest:guest@127.0.0.1:1/", "tests")
    async with Redis.from_url("redis://127.0.0.1:1/0") as away:
        results = await check_all(Evidence(worked, nobody, away, tolerance=AT_ONCE))

    unchecked = {result.invariant.id: result.unchecked for result in results if not result.checked}
    assert [result.invariant.id for result in results if result.violations] == ["I4"]
    assert set(unchecked) == {"I1", "I7", "I9", "I15"}
    assert {reason for reasons in unchecked.values() for reason in reasons} == {
        "rabbitmq does not answer",
        "redis does not answer",
    }


async def test_without_a_broker_and_redis_their_part_is_unchecked_and_does_not_hold(worked: Database) -> None:
    results = await check_all(Evidence(worked))

    assert {result.invariant.id for result in results if not result.holds} == {"I7", "I9", "I15"}


async def test_a_statement_that_takes_too_long_is_given_up(worked: Database) -> None:
    slow = statement("rows are slow", "SELECT pg_sleep(30)")

    with pytest.raises(Unchecked, match="took too long"):
        await slow.find(Evidence(worked, timeout_s=0.2))


async def test_a_check_writes_nothing(worked: Database) -> None:
    writing = statement("rows are written", "SELECT nextval(pg_get_serial_sequence('outbox', 'seq'))")

    with pytest.raises(DBAPIError, match="read-only"):
        await writing.find(Evidence(worked))


@pytest.mark.rabbit
async def test_a_queue_that_nobody_reads_is_seen(worked: Database, broker_url: str) -> None:
    evidence = Evidence(worked, RabbitQueues(broker_url, "tests"))
    before = await check(evidence)
    connection = await aio_pika.connect(broker_url)
    async with connection:
        channel = await connection.channel()
        work = topology.INVALIDATIONS
        for name in (work.name, work.dead_name):
            await channel.default_exchange.publish(aio_pika.Message(b"{}"), name)

        unread = await check(evidence)
        for name in (work.name, work.dead_name):
            await (await channel.get_queue(name)).consume(acked)
        read = await check(evidence)
        await channel.queue_delete(work.name)
        missing = await check(evidence)

    assert (before, read) == ({}, {})
    assert set(unread) == {"I7", "I15"}
    assert missing == {"I15": ["1 queues do not exist"]}


async def test_a_body_that_is_older_than_what_is_stored_is_seen(worked: Database, redis: "Redis") -> None:
    evidence = Evidence(worked, redis=redis, tolerance=AT_ONCE)
    bodies = cache_keys.entity_bodies(EntityKind.MOVIE, SLUG)
    announced = cache_keys.entity_version(EntityKind.MOVIE, SLUG)
    stored = (await worked.read(select(entities.c.version).where(entities.c.slug == SLUG))).scalar_one()

    empty = await check(evidence)
    await redis.hset(bodies, "variant", "body")  # pyright: ignore[reportGeneralTypeIssues] (sync/async union)
    unguarded = await check(evidence)
    await redis.set(announced, stored - 1)
    stale = await check(evidence)
    patient = await check(Evidence(worked, redis=redis))
    await redis.set(announced, stored)
    fresh = await check(evidence)

    assert unguarded == stale == {"I9": ["1 entities have cached answers that are older than what is stored"]}
    assert (empty, patient, fresh) == ({}, {}, {})


async def test_a_change_that_ended_no_kept_lists_is_seen(worked: Database, redis: "Redis") -> None:
    evidence = Evidence(worked, redis=redis, tolerance=AT_ONCE)
    generation, told = cache_keys.generation(EntityKind.MOVIE), cache_keys.told(EntityKind.MOVIE, SLUG)
    stored = (await worked.read(select(entities.c.version).where(entities.c.slug == SLUG))).scalar_one()

    await redis.set(generation, ids.row_id().hex)
    later = await check(evidence)
    await redis.set(generation, "0" * 12 + ids.row_id().hex[12:])
    earlier = await check(evidence)
    await redis.set(told, stored - 1)
    older = await check(evidence)
    patient = await check(Evidence(worked, redis=redis))
    await redis.set(told, stored)
    announced = await check(evidence)

    assert earlier == older == {"I9": ["1 changes were not announced to the kept answers about many entities"]}
    assert (later, patient, announced) == ({}, {}, {})


async def test_after_a_fault_a_test_sees_what_is_violated_left_over_or_unknown(
    worked: Database, database_url: str
) -> None:
    await assert_invariants(database_url)

    left = await violations(database_url, drained=True)
    await plant(worked, "UPDATE idempotency_keys SET status = 0")
    broken = await violations(database_url, broker_url="amqp://guest:guest@127.0.0.1:1/")

    assert sorted(sentence[:3] for sentence in left) == ["I1:", "I6:", "I6:", "I6:"]
    assert broken == [
        "I7: could not be checked: rabbitmq does not answer",
        "I10: 1 keys are taken by requests that accepted nothing: the-key-of-a-client",
        "I15: could not be checked: rabbitmq does not answer",
    ]
    with pytest.raises(AssertionError, match="I10: 1 keys are taken"):
        await assert_invariants(database_url)
