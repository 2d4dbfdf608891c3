"""The watchdog's own faults: consumers of others must not hide that ours are gone. F20."""

import aio_pika
import pytest
from aio_pika.abc import AbstractIncomingMessage

from shared.messaging.broker import connection_url
from shared.messaging.watchdog import Watchdog
from shared.topology import INVALIDATIONS

QUEUE = INVALIDATIONS.name


async def ignore(_message: AbstractIncomingMessage) -> None:
    return


@pytest.mark.rabbit
async def test_f20_a_resubscription_that_failed_is_tried_again_although_others_consume(broker_url: str) -> None:
    tries: list[str] = []

    async def resubscribe() -> None:
        tries.append("try")
        if len(tries) == 1:
            raise ConnectionResetError

    watchdog = Watchdog(broker_url, "tests", (QUEUE,), resubscribe)
    await watchdog.check()

    async with await aio_pika.connect(broker_url, timeout=10) as connection:
        queue = await (await connection.channel()).get_queue(QUEUE)
        await queue.consume(ignore)
        await watchdog.check()
        consuming_after_failure = watchdog.consuming
        await watchdog.check()

    assert (len(tries), consuming_after_failure, watchdog.consuming) == (2, False, True)


@pytest.mark.parametrize(("query", "heartbeat"), [("", "10"), ("?heartbeat=2", "2"), ("?heartbeat=2&name=x", "2")])
def test_a_connection_keeps_the_heartbeat_of_its_url_and_bears_our_name(query: str, heartbeat: str) -> None:
    made = connection_url(f"amqp://guest:p%40ss@rabbit:5672/{query}", "generator")

    assert dict(made.query) == {"heartbeat": heartbeat, "name": "generator"}
    assert (made.host, made.password) == ("rabbit", "p@ss")
