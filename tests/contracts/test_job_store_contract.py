"""Jobs and stored answers: what the gateway's use cases rely on, on PostgreSQL and on the fake alike."""

from collections.abc import Iterator

import pytest
from tests.contracts.job_stores import KEY, POLICY, FakeWorld, PostgresWorld, World, render, wanted

from gateway.ports import (
    AlreadyFinished,
    Answer,
    Cancelled,
    Detached,
    IdempotencyKey,
    KeyReused,
    NewJob,
    NotACaller,
    Replayed,
    UnknownJob,
)
from shared import ids
from shared.db.engine import Database
from shared.entities import ContextTag, EntityKind
from shared.faults import InjectedFault, arm
from shared.jobs import JobKind, JobStatus, refresh_dedupe_key


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    arm("")


class JobStoreContract:
    async def test_an_accepted_job_is_stored_as_asked_for_with_its_event(self, world: World) -> None:
        job_id = await world.accepted(wanted(ContextTag.MODERN))

        job = await world.jobs.get(job_id)

        assert job is not None
        assert (job.slug, job.requested_slug, job.context_tag) == ("the-matrix-1999", "the-matrix", ContextTag.MODERN)
        assert (job.status, job.attempt, job.max_attempts, job.sequence) == (JobStatus.PENDING, 0, 2, 1)
        assert (job.deadline_at - job.created_at).total_seconds() == POLICY.deadline_s
        assert await world.events() == [("generation.requested", job_id)]
        assert await world.jobs.active(wanted(ContextTag.MODERN).dedupe_key) == job
        assert await world.jobs.active(wanted().dedupe_key) is None
        assert await world.jobs.get(ids.job_id()) is None

    async def test_a_refresh_has_its_own_event(self, world: World) -> None:
        entity_id = ids.row_id()
        key = refresh_dedupe_key(entity_id)

        job_id = await world.accepted(
            NewJob(JobKind.REFRESH, EntityKind.MOVIE, "heat-1995", "heat-1995", key, entity_id)
        )

        assert await world.events() == [("refresh.requested", job_id)]

    async def test_an_active_identity_is_joined_and_a_finished_one_is_not(self, world: World) -> None:
        first = await world.accepted(wanted())

        (joined,) = await world.accept(wanted(), caller="bob")
        await world.end(first, JobStatus.DONE)
        (later,) = await world.accept(wanted())

        assert (joined.job_id, joined.created, joined.status) == (first, False, JobStatus.PENDING)
        assert (later.job_id != first, later.created) == (True, True)
        assert [job_id for _, job_id in await world.events()] == [first, later.job_id]

    async def test_several_jobs_are_accepted_together_in_their_order(self, world: World) -> None:
        there = await world.accepted(wanted(ContextTag.MODERN))

        default, modern = await world.accept(wanted(ContextTag.DEFAULT), wanted(ContextTag.MODERN))

        assert (default.created, modern.created) == (True, False)
        assert modern.job_id == there
        assert default.new == wanted(ContextTag.DEFAULT)

    async def test_force_supersedes_the_active_job(self, world: World) -> None:
        first = await world.accepted(wanted())

        second = await world.accepted(wanted(force=True))

        job = await world.jobs.get(first)
        assert job is not None
        assert (job.status, job.superseded_by, job.transitions[-1].reason) == ("CANCELLED", second, "superseded")
        assert await world.events() == [
            ("generation.requested", first),
            ("generation.failed", first),
            ("generation.requested", second),
        ]

    async def test_force_without_an_active_job_just_accepts(self, world: World) -> None:
        job_id = await world.accepted(wanted(force=True))

        assert await world.statuses(job_id) == [JobStatus.PENDING]

    async def test_a_key_stands_for_its_first_answer(self, world: World) -> None:
        job_id = await world.accepted(wanted(), key=KEY)
        await world.end(job_id, JobStatus.DONE)
        first = Replayed((job_id,), Answer(202, {"jobs": [str(job_id)]}, "/jobs"))

        again = await world.jobs.accept((wanted(),), "ann", render, KEY)

        assert again == await world.answers.replay("ann", KEY) == first
        assert len(await world.events()) == 1

    async def test_f08_a_key_with_another_request_is_refused(self, world: World) -> None:
        await world.accepted(wanted(), key=KEY)
        other = IdempotencyKey(KEY.key, "another fingerprint")

        refused = await world.jobs.accept((wanted(ContextTag.MODERN),), "ann", render, other)

        assert refused == await world.answers.replay("ann", other) == KeyReused()
        assert len(await world.events()) == 1

    async def test_f09_a_key_is_the_callers_own(self, world: World) -> None:
        mine = await world.accepted(wanted(), key=KEY)

        assert await world.answers.replay("bob", KEY) is None
        assert await world.accepted(wanted(), caller="bob", key=KEY) == mine
        assert await world.answers.replay("ann", IdempotencyKey("key-9999", "fingerprint")) is None

    async def test_f13_an_expired_key_is_new(self, world: World) -> None:
        first = await world.accepted(wanted(), key=KEY)
        await world.end(first, JobStatus.DONE)
        await world.let_keys_expire()

        assert await world.answers.replay("ann", KEY) is None
        second = await world.accepted(wanted(), key=KEY)

        replayed = await world.answers.replay("ann", KEY)
        assert second != first
        assert isinstance(replayed, Replayed)
        assert replayed.job_ids == (second,)

    @pytest.mark.parametrize("point", ["gateway.before_insert", "gateway.before_commit"])
    async def test_f02_what_breaks_off_before_the_commit_leaves_nothing(self, world: World, point: str) -> None:
        arm(f"{point}=raise")

        with pytest.raises(InjectedFault):
            await world.accept(wanted(), key=KEY)

        arm("")
        assert await world.events() == []
        assert await world.jobs.active(wanted().dedupe_key) is None
        assert await world.answers.replay("ann", KEY) is None

    async def test_f03_what_breaks_off_after_the_commit_is_found_by_its_key(self, world: World) -> None:
        arm("gateway.after_commit=raise")

        with pytest.raises(InjectedFault):
            await world.accept(wanted(), key=KEY)

        arm("")
        job = await world.jobs.active(wanted().dedupe_key)
        replayed = await world.answers.replay("ann", KEY)
        assert job is not None
        assert isinstance(replayed, Replayed)
        assert replayed.job_ids == (job.id,)

    async def test_the_only_caller_cancels_and_may_repeat_it(self, world: World) -> None:
        job_id = await world.accepted(wanted())

        first, again = [await world.jobs.cancel(job_id, "ann") for _ in range(2)]

        assert isinstance(first, Cancelled)
        assert first == again
        assert (first.job.status, first.job.transitions[-1].reason) == (JobStatus.CANCELLED, "cancelled")
        assert [kind for kind, _ in await world.events()] == ["generation.requested", "generation.failed"]

    async def test_one_of_several_callers_only_leaves_and_the_last_one_ends_the_job(self, world: World) -> None:
        job_id = await world.accepted(wanted())
        await world.accepted(wanted(), caller="bob")

        left = [type(await world.jobs.cancel(job_id, caller)) for caller in ("ann", "ann", "bob")]

        assert left == [Detached, Detached, Cancelled]

    async def test_who_left_and_joined_again_counts_again(self, world: World) -> None:
        job_id = await world.accepted(wanted())
        await world.accepted(wanted(), caller="bob")
        await world.jobs.cancel(job_id, "ann")

        await world.accepted(wanted())

        assert isinstance(await world.jobs.cancel(job_id, "bob"), Detached)

    async def test_nobody_else_may_cancel_and_nobody_what_is_finished(self, world: World) -> None:
        job_id = await world.accepted(wanted())

        assert await world.jobs.cancel(job_id, "bob") == NotACaller()
        assert await world.jobs.cancel(ids.job_id(), "ann") == UnknownJob()
        await world.end(job_id, JobStatus.DONE)
        assert isinstance(await world.jobs.cancel(job_id, "ann"), AlreadyFinished)
        assert await world.statuses(job_id) == [JobStatus.PENDING, JobStatus.PROCESSING, JobStatus.DONE]


class TestFakeJobs(JobStoreContract):
    @pytest.fixture
    def world(self) -> World:
        return FakeWorld()


class TestPostgresJobs(JobStoreContract):
    @pytest.fixture
    def world(self, database: Database) -> World:
        return PostgresWorld(database)
