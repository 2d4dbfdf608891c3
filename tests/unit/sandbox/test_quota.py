import datetime as dt

import pytest

from sandbox.day import Day
from sandbox.quota import DAY_S, MAX_KEYS, Quotas


class Machine:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.at = dt.datetime(2026, 3, 1, 23, 59, tzinfo=dt.UTC)
        self.passed = 0.0

    def wait(self, seconds: float) -> None:
        self.at += dt.timedelta(seconds=seconds)
        self.passed += seconds

    def today(self) -> dt.date:
        return self.at.date()

    def quotas(self) -> Quotas:
        return Quotas(Day(self.today), lambda: self.passed, lambda: self.at)


@pytest.fixture
def machine() -> Machine:
    return Machine()


def allowed(quotas: Quotas, provider: str = "trakt", key: str = "k") -> bool:
    spent = quotas.take(provider, key)
    return spent is None or not spent.wait_s


def test_a_window_ends_when_its_time_is_over(machine: Machine) -> None:
    quotas = machine.quotas()
    quotas.set("trakt", "*", 1, 10)

    first, second = allowed(quotas), quotas.take("trakt", "k")
    machine.wait(9.5)
    almost = quotas.take("trakt", "k")
    machine.wait(0.5)

    assert first
    assert second is not None
    assert almost is not None
    assert (second.wait_s, almost.wait_s) == (10, 1)
    assert second.until == almost.until == dt.datetime(2026, 3, 1, 23, 59, 10, tzinfo=dt.UTC)
    assert allowed(quotas)


def test_a_key_has_its_own_limit_or_that_of_all(machine: Machine) -> None:
    quotas = machine.quotas()
    quotas.set("trakt", "*", 1, 10)
    quotas.set("trakt", "rich", 3, 10)

    assert [allowed(quotas, key="poor") for _ in range(2)] == [True, False]
    assert [allowed(quotas, key="rich") for _ in range(4)] == [True, True, True, False]


def test_a_day_ends_at_midnight(machine: Machine) -> None:
    quotas = machine.quotas()
    quotas.set("omdb", "*", 1, None)

    first, second = allowed(quotas, "omdb"), quotas.take("omdb", "k")
    machine.wait(60)

    assert first
    assert second is not None
    assert (second.period_s, second.wait_s) == (DAY_S, 60)
    assert allowed(quotas, "omdb")


def test_the_published_limits_hold_until_others_are_set(machine: Machine) -> None:
    quotas = machine.quotas()

    assert sum(allowed(quotas, "trakt") for _ in range(600)) == 500
    assert sum(allowed(quotas, "omdb") for _ in range(1100)) == 1000
    assert quotas.take("tmdb", "k") is None


def test_keys_are_forgotten_before_there_are_too_many(machine: Machine) -> None:
    quotas = machine.quotas()
    quotas.set("trakt", "*", 1, 10)

    for number in range(MAX_KEYS + 1):
        allowed(quotas, key=str(number))

    assert allowed(quotas, key="0")
