"""One running system per file, on real PostgreSQL and Redis and the embedded broker."""

from collections.abc import Iterator

import pytest
from tests.contracts.http.library import Library, library
from tests.support.processes import Server


@pytest.fixture(scope="module")
def filled(embedded_broker_server: Server, postgres_server: Server, redis_server: Server) -> Iterator[Library]:
    with library(postgres_server, embedded_broker_server, redis_server) as library_here:
        yield library_here
