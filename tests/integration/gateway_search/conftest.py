"""An empty library per test, and the index that searches it."""

import pytest
from tests.integration.gateway_search.library import Library

from gateway.adapters.postgres_search import PostgresSearch
from shared.db.engine import Database


@pytest.fixture
def library(database: Database) -> Library:
    return Library(database, PostgresSearch(database))
