"""The relay: rows leave the outbox when the broker has them and not before, over PostgreSQL and over the fake alike."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select, update

from shared import ids
from shared import outbox as postgres_outbox
from shared.clock import SystemClock
from shared.db.engine import Database, Transaction
from shared.db.jobs import seconds
from shared.db.tables import outbox
from shared.entities import EntityKind
from shared.events import EntityChanged
from shared.faults import InjectedFault, arm
from shared.outbox.relay import BrokerAway, Outgoing, Relay, Undeliverable
from shared.testing.clock import FakeClock
from shared.testing.database import FakeDatabase
from shared.testing.relay import FakeRelay

QUEUE = "generator.generation-requested"


def changed(slug: str = "the-matrix-1999") -> EntityChanged:
    return EntityChanged(
        event_id=ids.row_id(),
        occurred_at=datetime(2026, 11, 20, tzinfo=UTC),
        entity_kind=EntityKind.MOVIE,
        entity_id=ids.row_id(),
        slug=slug,
        entity_version=2,
    )


@dataclass(slots=True)
class Notebook:
    """Implements `Publisher`: confirms and notes everything but what it has an error for."""

    errors: dict[str, Exception] = field(default_factory=dict[str, Exception])
    confirmed: list[Outgoing] = field(default_factory=list[Outgoing])

    @property
    def connected(self) -> bool:
        return True

    async def publish(self, message: Outgoing) -> None:
        error = self.errors.get(message.message_id)
        if error is not None:
            raise error
        self.confirmed.append(message)

    @property
    def ids(self) -> list[str]:
        return [message.message_id for message in self.confirmed]


class World:
    """A relay with its publisher, and the outbox that it empties."""

    relay: Relay | FakeRelay

    def __init__(self) -> None:
        self.publisher = Notebook()

    @abstractmethod
    async def add(self, event: EntityChanged) -> None: ...

    @abstractmethod
    async def add_retry(self, event: EntityChanged, delay_s: float, attempt: int) -> None: ...

    @abstractmethod
    async def pass_s(self, passed_s: float) -> None: ...

    @abstractmethod
    async def rows(self) -> int: ...


class FakeWorld(World):
    def __init__(self) -> None:
        super().__init__()
        self._clock = FakeClock()
        self._database = FakeDatabase(self._clock)
        self.relay = FakeRelay(self._database, self.publisher)

    async def add(self, event: EntityChanged) -> None:
        self._database.add(event)

    async def add_retry(self, event: EntityChanged, delay_s: float, attempt: int) -> None:
        self._database.add_retry(event, QUEUE, delay_s, attempt)

    async def pass_s(self, passed_s: float) -> None:
        self._clock.advance(passed_s)

    async def rows(self) -> int:
        return len(self._database.outbox)


class PostgresWorld(World):
    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database
        self.relay = Relay(database, self.publisher, SystemClock())

    async def add(self, event: EntityChanged) -> None:
        await self._database.run(lambda tx: postgres_outbox.add(tx, event))

    async def add_retry(self, event: EntityChanged, delay_s: float, attempt: int) -> None:
        await self._database.run(lambda tx: postgres_outbox.add_retry(tx, event, QUEUE, delay_s, attempt))

    async def pass_s(self, passed_s: float) -> None:
        async def work(tx: Transaction) -> None:
            await tx.execute(update(outbox).values(available_at=outbox.c.available_at - seconds(passed_s)))

        await self._database.run(work)

    async def rows(self) -> int:
        return int((await self._database.read(select(func.count()).select_from(outbox))).scalar() or 0)


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    arm("")


class RelayContract:
    async def test_what_was_confirmed_is_gone(self, world: World) -> None:
        event = changed()
        await world.add(event)

        assert [await world.relay.publish_due() for _ in range(2)] == [1, 0]

        (message,) = world.publisher.confirmed
        assert EntityChanged.model_validate_json(message.body) == event
        assert (message.type, message.routing_key, message.target_queue) == (
            "entity.changed", "entity.changed.movie", "",
        )  # fmt: skip
        assert message.headers["idempotency-key"] == str(event.idempotency_key)
        assert "x-attempt" not in message.headers
        assert await world.rows() == 0

    async def test_a_retry_is_published_to_its_queue_when_it_is_due(self, world: World) -> None:
        event = changed()
        await world.add_retry(event, 20.0, 2)

        early = await world.relay.publish_due()
        await world.pass_s(20.0)
        due = await world.relay.publish_due()

        (message,) = world.publisher.confirmed
        assert (early, due) == (0, 1)
        assert (message.message_id, message.routing_key, message.target_queue) == (str(event.event_id), QUEUE, QUEUE)
        assert message.headers["x-attempt"] == "2"

    async def test_one_row_per_event_and_queue_moves_in_time(self, world: World) -> None:
        event = changed()
        await world.add(event)
        for delay_s in (60.0, 0.0):
            await world.add_retry(event, delay_s, 1)

        assert await world.rows() == 2
        assert await world.relay.publish_due() == 2
        assert await world.rows() == 0

    async def test_f23_what_the_broker_refuses_stays_backs_off_and_holds_nobody_up(self, world: World) -> None:
        refused, other = changed("a"), changed("b")
        world.publisher.errors[str(refused.event_id)] = Undeliverable("NO_ROUTE")
        await world.add(refused)
        await world.add(other)

        assert [await world.relay.publish_due() for _ in range(2)] == [1, 0]
        world.publisher.errors.clear()
        await world.pass_s(1.0)

        assert await world.relay.publish_due() == 1
        assert world.publisher.ids == [str(other.event_id), str(refused.event_id)]

    async def test_f04_while_the_broker_is_away_every_row_stays(self, world: World) -> None:
        event = changed()
        world.publisher.errors[str(event.event_id)] = BrokerAway("gone")
        await world.add(event)

        with pytest.raises(BrokerAway):
            await world.relay.publish_due()

        world.publisher.errors.clear()
        assert await world.relay.publish_due() == 1

    @pytest.mark.parametrize("point", ["relay.after_confirm", "relay.before_delete", "relay.before_commit"])
    async def test_f48_what_was_published_by_a_relay_that_died_is_published_again(
        self, world: World, point: str
    ) -> None:
        event = changed()
        await world.add(event)
        arm(f"{point}=raise")

        with pytest.raises(InjectedFault):
            await world.relay.publish_due()

        arm("")
        assert await world.relay.publish_due() == 1
        assert world.publisher.ids == [str(event.event_id)] * 2
        assert await world.rows() == 0

    async def test_what_a_relay_had_only_selected_is_published_once(self, world: World) -> None:
        event = changed()
        await world.add(event)
        arm("relay.after_select=raise")

        with pytest.raises(InjectedFault):
            await world.relay.publish_due()

        arm("")
        assert await world.relay.publish_due() == 1
        assert world.publisher.ids == [str(event.event_id)]


class TestFakeRelay(RelayContract):
    @pytest.fixture
    def world(self) -> World:
        return FakeWorld()


class TestPostgresRelay(RelayContract):
    @pytest.fixture
    def world(self, database: Database) -> World:
        return PostgresWorld(database)
