"""Fixtures of the generator's unit tests."""

import pytest
from tests.unit.generator.fakes import FakeCallJournal, FakeLibrary
from tests.unit.generator.samples import KEANU, MATRIX
from tests.unit.generator.world import World

from generator.validation import Validator
from shared.jobs import AttemptPolicy
from shared.testing.attempts import FakeAttempts, FakeLedger
from shared.testing.catalog import FakeCatalog
from shared.testing.clock import FakeClock


@pytest.fixture(scope="session")
def validator() -> Validator:
    return Validator.load()


@pytest.fixture
def world(validator: Validator) -> World:
    clock = FakeClock()
    ledger = FakeLedger(clock)
    attempts = FakeAttempts(ledger, "generator", AttemptPolicy(ladder_s=()))
    catalog = FakeCatalog([MATRIX, KEANU])
    return World(clock, ledger, attempts, catalog, FakeLibrary(ledger), FakeCallJournal(ledger), validator)
