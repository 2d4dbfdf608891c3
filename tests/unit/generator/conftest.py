"""Fixtures of the generator's unit tests."""

import pytest
from tests.support.fakes.library import FakeLibrary
from tests.support.fakes.model import FakeCallJournal
from tests.unit.generator.samples import KEANU, MATRIX
from tests.unit.generator.world import World

from generator.guard import Validator
from shared.jobs import AttemptPolicy
from shared.testing.attempts import FakeAttempts
from shared.testing.catalog import FakeCatalog
from shared.testing.clock import FakeClock
from shared.testing.database import FakeDatabase
from shared.topology import GENERATION_REQUESTS


@pytest.fixture(scope="session")
def validator() -> Validator:
    return Validator.load()


@pytest.fixture
def world(validator: Validator) -> World:
    clock = FakeClock()
    database = FakeDatabase(clock)
    attempts = FakeAttempts(database, "generator", GENERATION_REQUESTS.name, AttemptPolicy(ladder_s=()))
    catalog = FakeCatalog([MATRIX, KEANU])
    return World(clock, database, attempts, catalog, FakeLibrary(database), FakeCallJournal(database), validator)
