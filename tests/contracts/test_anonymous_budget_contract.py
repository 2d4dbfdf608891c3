"""What callers without a key may start, on PostgreSQL and on the fake alike."""

from collections.abc import Iterator

import pytest
from tests.contracts.job_stores import BUDGET, FakeWorld, PostgresWorld, World, render, wanted

from gateway.ports import Accepted, Cancelled, Detached, NewJob, OverBudget
from shared import ids
from shared.db.engine import Database
from shared.entities import EntityKind
from shared.faults import InjectedFault, arm
from shared.jobs import JobKind, JobStatus, refresh_dedupe_key

ANN, BOB = "ip:192.0.2.1", "ip:2001:db8:0:7::/64"


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    arm("")


async def started(world: World, slug: str, caller: str = ANN) -> Accepted:
    outcome = await world.jobs.accept_anonymous(wanted(slug=slug), caller, render)
    assert isinstance(outcome, Accepted)
    assert outcome.answer == render(outcome.jobs)
    return outcome


async def refused(world: World, slug: str, caller: str = ANN) -> int:
    outcome = await world.jobs.accept_anonymous(wanted(slug=slug), caller, render)
    assert isinstance(outcome, OverBudget)
    return outcome.retry_after_s


class AnonymousBudgetContract:
    async def test_as_many_jobs_start_as_the_budget_has_units_and_no_more(self, world: World) -> None:
        first, second = [await started(world, slug) for slug in ("heat-1995", "jaws-1975")]

        retry_after_s = await refused(world, "dune-2021")

        assert first.jobs[0].created
        assert second.jobs[0].created
        assert BUDGET.window_s - 30 < retry_after_s <= BUDGET.window_s
        assert await world.jobs.active(wanted(slug="dune-2021").dedupe_key) is None
        assert [job_id for _, job_id in await world.events()] == [first.jobs[0].job_id, second.jobs[0].job_id]

    async def test_an_active_job_is_joined_at_no_cost_even_without_a_unit_left(self, world: World) -> None:
        theirs = (await started(world, "heat-1995", BOB)).jobs[0].job_id
        mine = (await started(world, "jaws-1975")).jobs[0].job_id
        again = await started(world, "jaws-1975")
        await started(world, "alien-1979")
        joined = await started(world, "heat-1995")

        assert (again.jobs[0].job_id, again.jobs[0].created) == (mine, False)
        assert (joined.jobs[0].job_id, joined.jobs[0].created, joined.jobs[0].status) == (theirs, False, "PENDING")
        assert isinstance(await world.jobs.cancel(theirs, BOB), Detached)
        assert isinstance(await world.jobs.cancel(theirs, ANN), Cancelled)

    async def test_who_left_a_job_and_joins_it_again_counts_again(self, world: World) -> None:
        job_id = (await started(world, "heat-1995")).jobs[0].job_id
        await started(world, "heat-1995", BOB)
        await world.jobs.cancel(job_id, ANN)

        await started(world, "heat-1995")

        assert isinstance(await world.jobs.cancel(job_id, BOB), Detached)

    async def test_a_job_that_has_ended_was_started_all_the_same(self, world: World) -> None:
        for slug, status in (("heat-1995", JobStatus.DONE), ("jaws-1975", JobStatus.FAILED)):
            await world.end((await started(world, slug)).jobs[0].job_id, status)

        assert await refused(world, "heat-1995") > 0

    async def test_a_unit_is_free_again_exactly_when_its_job_leaves_the_window(self, world: World) -> None:
        await started(world, "heat-1995")
        await world.pass_time(40)
        await started(world, "jaws-1975")

        first = await refused(world, "dune-2021")
        await world.pass_time(first)
        await started(world, "dune-2021")
        second = await refused(world, "alien-1979")

        assert 0 < first <= BUDGET.window_s - 40
        assert 0 < second <= 40

    async def test_every_network_has_a_budget_of_its_own(self, world: World) -> None:
        for slug in ("heat-1995", "jaws-1975"):
            await started(world, slug)

        await started(world, "dune-2021", BOB)

        assert await refused(world, "alien-1979") > 0

    async def test_a_refresh_costs_nothing(self, world: World) -> None:
        for _ in range(2):
            entity_id = ids.row_id()
            key = refresh_dedupe_key(entity_id)
            await world.accept(NewJob(JobKind.REFRESH, EntityKind.MOVIE, "a", "a", key, entity_id), caller=ANN)

        await started(world, "heat-1995")

    @pytest.mark.parametrize("point", ["gateway.before_insert", "gateway.before_commit"])
    async def test_what_breaks_off_before_the_commit_costs_nothing(self, world: World, point: str) -> None:
        arm(f"{point}=raise")
        with pytest.raises(InjectedFault):
            await world.jobs.accept_anonymous(wanted(slug="heat-1995"), ANN, render)
        arm("")

        assert await world.events() == []
        for slug in ("heat-1995", "jaws-1975"):
            await started(world, slug)


class TestFakeJobs(AnonymousBudgetContract):
    @pytest.fixture
    def world(self) -> World:
        return FakeWorld()


class TestPostgresJobs(AnonymousBudgetContract):
    @pytest.fixture
    def world(self, database: Database) -> World:
        return PostgresWorld(database)
