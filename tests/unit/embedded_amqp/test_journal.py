import sqlite3
from pathlib import Path

import pytest
from pamqp.commands import Basic
from tests.unit.embedded_amqp.core import Core, FakeScheduler

from embedded_amqp.journal import Journal, JournalError


class Run:
    """One life of a broker with a journal."""

    def __init__(self, path: Path) -> None:
        self.changes: list[bool] = []
        scheduler = FakeScheduler()
        self.journal = Journal(path, scheduler, lambda: self.changes.append(True))
        self.core = Core(self.journal, scheduler)
        self.journal.restore(self.core.broker)

    def die(self, *, commit: bool = True) -> None:
        if commit:
            self.journal.commit()
        self.journal.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def test_topology_and_messages_come_back_in_order(path: Path) -> None:
    first = Run(path)
    first.core.exchange("events")
    first.core.exchange("audit", "headers")
    first.core.queue("q", {"x-queue-type": "quorum", "x-delivery-limit": 3})
    first.core.bind("events", "q", "film.*", {"note": "x"})
    first.core.broker.bind("events", first.core.broker.exchange("audit"), "#", {})
    for body in "123":
        first.core.publish(body, "film.new", exchange="events")
    first.die()

    second = Run(path)

    queue = second.core.broker.queues["q"]
    assert (queue.arguments.quorum, queue.arguments.delivery_limit) == (True, 3)
    assert [binding.key for binding in second.core.broker.exchange("events").bindings] == ["#", "film.*"]
    messages = second.core.drain("q")
    assert [(message.body, message.exchange, message.routing_key) for message in messages] == [
        (body, "events", "film.new") for body in (b"1", b"2", b"3")
    ]
    second.die()


def test_what_was_not_committed_is_gone(path: Path) -> None:
    first = Run(path)
    first.core.queue("q")
    first.journal.commit()
    first.core.publish("1", "q")
    first.die(commit=False)

    second = Run(path)

    assert second.core.bodies("q") == []
    second.die()


def test_settled_transient_and_deleted_messages_do_not_come_back(path: Path) -> None:
    first = Run(path)
    first.core.queue("q")
    first.core.queue("deleted")
    first.core.publish("settled", "q")
    first.core.drain("q")
    first.core.publish("transient", "q", properties=Basic.Properties(delivery_mode=1))
    first.core.publish("deleted", "deleted")
    first.core.broker.delete_queue(first.core.broker.queues["deleted"])
    first.core.publish("kept", "q")
    first.die()

    second = Run(path)

    assert second.core.bodies("q") == ["kept"]
    assert "deleted" not in second.core.broker.queues
    second.die()


def test_returns_are_counted_across_restarts_and_messages_count_as_redelivered(path: Path) -> None:
    first = Run(path)
    queue = first.core.queue("q", {"x-queue-type": "quorum"})
    first.core.publish("1", "q")
    entry = queue.take()
    assert entry is not None
    queue.give_back(entry)
    first.die()

    second = Run(path)

    again = second.core.broker.queues["q"].take()
    assert again is not None
    assert (again.returns, again.redelivered) == (1, True)
    second.die()


def test_expiry_goes_on_while_the_broker_is_down(path: Path) -> None:
    first = Run(path)
    first.core.queue("q")
    first.core.publish("short", "q", properties=Basic.Properties(delivery_mode=2, expiration="1000"))
    first.core.publish("long", "q", properties=Basic.Properties(delivery_mode=2, expiration="60000"))
    first.die()

    second = Run(path)
    second.core.scheduler.advance(2)

    assert second.core.bodies("q") == ["long"]
    second.die()


def test_exclusive_queues_and_unbound_bindings_are_not_kept(path: Path) -> None:
    first = Run(path)
    first.core.exchange("events")
    first.core.queue("mine", owner=object())
    first.core.queue("q")
    first.core.bind("events", "q", "a")
    first.core.bind("events", "q", "b")
    first.core.broker.unbind("events", first.core.broker.queues["q"], "a", {})
    first.die()

    second = Run(path)

    assert list(second.core.broker.queues) == ["q"]
    assert [binding.key for binding in second.core.broker.exchange("events").bindings] == ["b"]
    second.die()


def test_one_change_notice_is_given_per_commit(path: Path) -> None:
    run = Run(path)
    run.core.queue("q")
    run.core.publish("1", "q")
    assert run.changes == [True]

    run.journal.commit()
    run.core.publish("2", "q")
    assert run.changes == [True, True]
    run.die()


def test_a_journal_belongs_to_one_broker(path: Path) -> None:
    first = Run(path)

    with pytest.raises(JournalError, match="database is locked"):
        Run(path)

    first.die()


def test_a_journal_of_another_format_is_refused(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version=99")
    database.close()

    with pytest.raises(JournalError, match="its format 99 is not 1"):
        Run(path)


def test_the_file_is_readable_by_its_owner_only(path: Path) -> None:
    Run(path).die()

    assert path.stat().st_mode & 0o077 == 0
