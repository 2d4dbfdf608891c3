"""A whole system per broker, with the network between it and its servers in the hands of the test."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from tests.support.fleet import Fleet, fleet
from tests.support.processes import Server
from tests.support.proxy import Proxy, proxied

HEARTBEAT_S = 2
"""Lowered in the broker's URL: a silent connection is given up after nine seconds instead of half a minute."""
CONCURRENCY = 4


@dataclass(frozen=True, slots=True)
class Field:
    """A running system and what lies between it and its servers."""

    fleet: Fleet
    broker: Server
    to_broker: Proxy
    to_postgres: Proxy
    to_redis: Proxy


@pytest.fixture(scope="module", params=["embedded_broker_server", "rabbitmq_server"], ids=["embedded", "rabbitmq"])
def broker(request: pytest.FixtureRequest) -> Server:
    """A broker that a test may kill and start again; the tests of a module share it."""
    server = request.getfixturevalue(str(request.param))
    assert isinstance(server, Server)
    if server.spawn is None:
        pytest.skip(f"{server.name} is not ours to kill: {server.origin}")
    return server


@pytest.fixture(scope="module")
def shared_field(broker: Server, postgres_server: Server, redis_server: Server) -> Iterator[Field]:
    with (
        proxied(broker.url) as to_broker,
        proxied(postgres_server.url) as to_postgres,
        proxied(redis_server.url) as to_redis,
    ):
        postgres = dataclasses.replace(postgres_server, url=to_postgres.url)
        queues = dataclasses.replace(broker, url=f"{to_broker.url}?heartbeat={HEARTBEAT_S}")
        redis = dataclasses.replace(redis_server, url=to_redis.url)
        with fleet(postgres, queues, redis, {"GENERATOR_CONCURRENCY": str(CONCURRENCY)}) as made:
            made.start()
            yield Field(made, broker, to_broker, to_postgres, to_redis)


@pytest.fixture
def field(shared_field: Field) -> Iterator[Field]:
    """Whole and ready before the test; the network and the providers are whole again after it."""
    for service in shared_field.fleet.services.values():
        if not service.alive:
            service.spawn()
        service.wait_ready()
    yield shared_field
    for proxy in (shared_field.to_broker, shared_field.to_postgres, shared_field.to_redis):
        proxy.heal()
    shared_field.fleet.heal()
