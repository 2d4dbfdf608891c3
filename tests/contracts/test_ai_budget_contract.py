"""Budgets and the operator's switch, as the journal of AI calls keeps them: in memory and in PostgreSQL."""

import asyncio
from abc import abstractmethod
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text
from tests.support.fakes.model import FakeCallJournal
from tests.support.jobs import store_generation

from generator.adapters.postgres_calls import PostgresCallJournal
from generator.ports import Answer, Budget, Call, CallJournal, Cap, Message, Prompt, Spent, Step
from shared import ids
from shared.db.attempts import PostgresAttempts
from shared.db.engine import Database, Transaction
from shared.db.tables import ai_calls
from shared.entities import EntityKind, Form, Locale
from shared.errors import Transient, failure
from shared.events import GenerationRequested
from shared.jobs import Attempt, AttemptPolicy, FailureType
from shared.testing.attempts import FakeAttempts
from shared.testing.clock import START, FakeClock
from shared.testing.database import FakeDatabase
from shared.topology import GENERATION_REQUESTS

POLICY = AttemptPolicy(ladder_s=())
PROMPT = Prompt((Message("user", "write"),), "v1-test")
ANSWER = Answer("{}", "stop", "m")
THROTTLED = failure(FailureType.RATE_LIMITED, "throttled")
BROKEN = failure(FailureType.AI_API_ERROR, "broken")
DAY_S = 86400
ANNA, BERT = "key:anna", "ip:192.0.2.1"


@dataclass(frozen=True, slots=True)
class FlatTariff:
    """A dime for every call, at most."""

    most: Decimal = Decimal("0.1")

    def most_usd(self, prompt: Prompt, model: str) -> Decimal:
        return self.most


class World:
    """Journals over one store, and the jobs they write for."""

    @abstractmethod
    def journal(self, budget: Budget, tariff: FlatTariff | None = None) -> CallJournal: ...

    @abstractmethod
    async def claimed(self, caller: str = ANNA) -> Attempt:
        """The first attempt of a new job of `caller`."""

    @abstractmethod
    async def stopped(self, *, stopped: bool = True) -> None:
        """The operator's switch."""

    @abstractmethod
    async def pass_a_day(self) -> None:
        """What was spent until now was spent yesterday."""

    @abstractmethod
    async def problems(self, attempt: Attempt) -> list[list[str] | None]:
        """Of each call of the attempt's job, in their order."""


class FakeWorld(World):
    def __init__(self) -> None:
        self._clock = FakeClock()
        self._database = FakeDatabase(self._clock)
        self._attempts = FakeAttempts(self._database, "generator", GENERATION_REQUESTS.name, POLICY)

    def journal(self, budget: Budget, tariff: FlatTariff | None = None) -> CallJournal:
        return FakeCallJournal(self._database, budget=budget, tariff=tariff)

    async def claimed(self, caller: str = ANNA) -> Attempt:
        job_id = ids.job_id()
        event = GenerationRequested(
            event_id=ids.row_id(), occurred_at=START, entity_kind=EntityKind.MOVIE, job_id=job_id, slug=str(job_id),
            form=Form.DESCRIPTION, locale=Locale.EN, context_tag=None,
        )  # fmt: skip
        self._database.accept(event, caller=caller)
        attempt = await self._attempts.claim(event)
        assert isinstance(attempt, Attempt)
        return attempt

    async def stopped(self, *, stopped: bool = True) -> None:
        self._database.ai_stopped = stopped

    async def pass_a_day(self) -> None:
        for call in list(self._database.calls.values()):
            assert call.started_at is not None
            self._database.calls[call.id] = replace(call, started_at=call.started_at - timedelta(days=1))

    async def problems(self, attempt: Attempt) -> list[list[str] | None]:
        calls = [call for call in self._database.calls.values() if call.job_id == attempt.job_id]
        return [None if call.problems is None else list(call.problems) for call in calls]


class PostgresWorld(World):
    def __init__(self, database: Database) -> None:
        self._database = database
        self._attempts = PostgresAttempts(database, "generator", GENERATION_REQUESTS.name, POLICY)

    def journal(self, budget: Budget, tariff: FlatTariff | None = None) -> CallJournal:
        return PostgresCallJournal(self._database, budget=budget, tariff=tariff)

    async def claimed(self, caller: str = ANNA) -> Attempt:
        job = await store_generation(self._database, str(ids.job_id()), caller=caller)
        assert isinstance(job.event, GenerationRequested)
        attempt = await self._attempts.claim(job.event)
        assert isinstance(attempt, Attempt)
        return attempt

    async def stopped(self, *, stopped: bool = True) -> None:
        await self._write(
            "INSERT INTO ai_switch (id) VALUES (1) ON CONFLICT DO NOTHING",
            "UPDATE ai_switch SET stopped_at = now()" if stopped else "UPDATE ai_switch SET stopped_at = NULL",
        )

    async def pass_a_day(self) -> None:
        await self._write(
            "UPDATE ai_budgets SET day = day - 1", "UPDATE ai_calls SET started_at = started_at - interval '1 day'"
        )

    async def problems(self, attempt: Attempt) -> list[list[str] | None]:
        query = select(ai_calls.c.problems).where(ai_calls.c.job_id == attempt.job_id).order_by(ai_calls.c.id)
        return list((await self._database.read(query)).scalars())

    async def _write(self, *statements: str) -> None:
        async def work(tx: Transaction) -> None:
            for statement in statements:
                await tx.execute(text(statement))

        await self._database.run(work)


async def begun(journal: CallJournal, attempt: Attempt, prompt: Prompt = PROMPT) -> Call:
    call = await journal.begin(attempt, prompt, "m", Step.WRITE)
    assert isinstance(call, Call)
    return call


async def refused(journal: CallJournal, attempt: Attempt) -> Transient:
    """Why no call was begun."""
    with pytest.raises(Transient) as stopped:
        await journal.begin(attempt, PROMPT, "m", Step.WRITE)
    assert not stopped.value.counted
    return stopped.value


def again(number: int) -> Prompt:
    """A prompt that no other answers."""
    return Prompt((Message("user", f"write {number}"),), "v1-test")


class BudgetContract:
    async def test_without_caps_nothing_is_refused(self, world: World) -> None:
        journal = world.journal(Budget(), FlatTariff())

        for _ in range(5):
            await begun(journal, await world.claimed())

    async def test_f45_calls_over_the_cap_of_the_day_wait_until_it_renews(self, world: World) -> None:
        journal = world.journal(Budget(everything=Cap(calls=2)))
        for caller in (ANNA, BERT):
            await begun(journal, await world.claimed(caller))
        late = await world.claimed()

        reason = await refused(journal, late)
        await world.pass_a_day()

        assert reason.failure.type is FailureType.BUDGET_EXHAUSTED
        assert reason.retry_after_s is not None
        assert 0 < reason.retry_after_s <= DAY_S
        assert isinstance(await begun(journal, late), Call)

    async def test_a_caller_over_his_cap_leaves_the_others_alone(self, world: World) -> None:
        journal = world.journal(Budget(caller=Cap(calls=1)))
        await begun(journal, await world.claimed(ANNA))

        assert (await refused(journal, await world.claimed(ANNA))).failure.type is FailureType.BUDGET_EXHAUSTED
        await begun(journal, await world.claimed(BERT))

    async def test_a_job_over_its_cap_has_no_call_left(self, world: World) -> None:
        by_calls = world.journal(Budget(job=Cap(calls=1)), FlatTariff())
        by_usd = world.journal(Budget(job=Cap(usd=Decimal("0.19"))), FlatTariff())
        first, second = await world.claimed(), await world.claimed()
        await begun(by_calls, first)
        await begun(by_usd, second)

        assert await by_calls.begin(first, PROMPT, "m", Step.WRITE) is None
        assert await by_usd.begin(second, PROMPT, "m", Step.WRITE) is None
        await begun(by_usd, await world.claimed())

    @pytest.mark.parametrize("scope", ["caller", "everything"])
    async def test_a_call_counts_as_the_most_until_its_answer_tells_less(self, world: World, scope: str) -> None:
        cap = Cap(usd=Decimal("0.2"))
        journal = world.journal(Budget(**{scope: cap}), FlatTariff())
        attempt = await world.claimed()
        calls = [await begun(journal, attempt, again(number)) for number in range(2)]
        before = await refused(journal, await world.claimed())

        await journal.answered(calls[0], ANSWER, Spent(10, 10, Decimal("0.000001")))
        still = await refused(journal, await world.claimed())
        await journal.answered(calls[1], ANSWER, Spent(10, 10, Decimal("0.000001")))

        assert {before.failure.type, still.failure.type} == {FailureType.BUDGET_EXHAUSTED}
        await begun(journal, await world.claimed())

    async def test_a_call_of_unknown_cost_stays_at_the_most(self, world: World) -> None:
        journal = world.journal(Budget(everything=Cap(usd=Decimal("0.3"))), FlatTariff())
        attempt = await world.claimed()
        await begun(journal, attempt, again(1))  # whose worker died
        await journal.failed(await begun(journal, attempt, again(2)), BROKEN)
        await journal.answered(await begun(journal, attempt, again(3)), ANSWER, Spent())

        await refused(journal, await world.claimed())

    async def test_a_call_that_was_turned_away_unread_is_given_back(self, world: World) -> None:
        journal = world.journal(
            Budget(job=Cap(Decimal("0.1"), 1), caller=Cap(Decimal("0.1"), 1), everything=Cap(Decimal("0.1"), 1)),
            FlatTariff(),
        )
        attempt = await world.claimed()

        for _ in range(3):
            await journal.failed(await begun(journal, attempt), THROTTLED, counted=False)

        await begun(journal, attempt)
        await refused(journal, await world.claimed())

    async def test_only_the_first_end_of_a_call_counts(self, world: World) -> None:
        journal = world.journal(Budget(everything=Cap(usd=Decimal("0.1"))), FlatTariff())
        call = await begun(journal, await world.claimed())
        await journal.failed(call, BROKEN)

        await journal.failed(call, THROTTLED, counted=False)
        await journal.answered(call, ANSWER, Spent(1, 1, Decimal(0)))

        await refused(journal, await world.claimed())

    async def test_a_cap_of_nothing_allows_nothing(self, world: World) -> None:
        journal = world.journal(Budget(everything=Cap(calls=0)))

        await refused(journal, await world.claimed())

    async def test_a_stored_answer_needs_no_budget(self, world: World) -> None:
        journal = world.journal(Budget(everything=Cap(calls=1)))
        attempt = await world.claimed()
        await journal.answered(await begun(journal, attempt), ANSWER, Spent())

        await world.stopped()

        assert await journal.begin(attempt, PROMPT, "m", Step.WRITE) == ANSWER

    async def test_while_calls_are_stopped_none_begins(self, world: World) -> None:
        journal = world.journal(Budget())
        attempt = await world.claimed()
        await world.stopped()

        reason = await refused(journal, attempt)
        await world.stopped(stopped=False)

        assert reason.failure.type is FailureType.TIMEOUT
        assert reason.retry_after_s is not None
        assert reason.retry_after_s <= 10
        await begun(journal, attempt)

    async def test_what_was_wrong_with_an_answer_is_recorded(self, world: World) -> None:
        journal = world.journal(Budget())
        attempt, other = await world.claimed(), await world.claimed()
        for number in range(2):
            await journal.answered(await begun(journal, attempt, again(number)), ANSWER, Spent())
        await journal.answered(await begun(journal, other, again(1)), ANSWER, Spent())

        await journal.rejected(attempt, again(1), ["language", "too_short"])

        assert await world.problems(attempt) == [None, ["language", "too_short"]]
        assert await world.problems(other) == [None]


class TestFakeBudget(BudgetContract):
    @pytest.fixture
    def world(self) -> World:
        return FakeWorld()


class TestPostgresBudget(BudgetContract):
    @pytest.fixture
    def world(self, database: Database) -> World:
        return PostgresWorld(database)

    async def test_i8_no_cap_is_passed_by_calls_that_begin_together(self, world: World, database_url: str) -> None:
        """Fifty jobs of two callers in four workers, whose batches meet."""
        budget = Budget(caller=Cap(calls=9), everything=Cap(usd=Decimal("1.55")))
        attempts = [await world.claimed((ANNA, BERT)[number % 2]) for number in range(50)]

        async def worker(number: int) -> list[object]:
            async with Database.open(database_url, f"worker-{number}") as own:
                journal = PostgresCallJournal(own, budget=budget, tariff=FlatTariff())
                mine = (journal.begin(attempt, PROMPT, "m", Step.WRITE) for attempt in attempts[number::4])
                return list(await asyncio.gather(*mine, return_exceptions=True))

        outcomes = [one for some in await asyncio.gather(*map(worker, range(4))) for one in some]

        calls = [one for one in outcomes if isinstance(one, Call)]
        assert len(calls) == 15
        assert sum(isinstance(one, Transient) for one in outcomes) == 35
