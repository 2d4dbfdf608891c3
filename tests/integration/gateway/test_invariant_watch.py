"""A gateway looks at the invariants of the whole system."""

import structlog
from tests.integration.gateway.world import eventually, running, settings_for
from tests.integration.shared.planted import plant

from shared.db.engine import Database


async def test_a_gateway_logs_what_is_violated(database_url: str, redis_url: str, database: Database) -> None:
    settings = settings_for(database_url, redis_url, invariants_every_s=0.05)
    async with running(settings, database) as world:
        await world.accepted(idempotency_key="the-key-of-a-client")
        await plant(database, "UPDATE idempotency_keys SET job_ids = '{}'")

        with structlog.testing.capture_logs() as logs:

            async def said() -> bool:
                return any(line["event"] == "invariant.violated" for line in logs)

            await eventually(said, within_s=30)

    (line, *_) = [line for line in logs if line["event"] == "invariant.violated"]
    assert (line["invariant"], line["ids"]) == ("I10", ["the-key-of-a-client"])
