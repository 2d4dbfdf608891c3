"""The relay over the database in memory: passes the same contract as the one over PostgreSQL."""

from dataclasses import replace
from datetime import timedelta

from shared.envelope import encode
from shared.faults import crash_point
from shared.outbox.relay import BrokerAway, Outgoing, Publisher, Undeliverable
from shared.testing.database import FakeDatabase
from shared.testing.rows import OutboxRow


class FakeRelay:
    """Publishes due rows, the one due longest first, and deletes what was confirmed."""

    def __init__(self, database: FakeDatabase, publisher: Publisher) -> None:
        self._database = database
        self._publisher = publisher

    async def publish_due(self) -> int:
        """Publish what is due; the number of rows that are gone. Raises BrokerAway."""
        return await self._database.run(self._batch)

    async def _batch(self) -> int:
        now = self._database.clock.now()
        due = [row for row in self._database.outbox.values() if row.available_at <= now]
        if not due:
            return 0
        await crash_point("relay.after_select")
        confirmed: list[OutboxRow] = []
        refused: list[OutboxRow] = []
        away: list[BrokerAway] = []
        for row in sorted(due, key=lambda row: (row.available_at, row.seq)):
            try:
                await self._publisher.publish(_outgoing(row))
                confirmed.append(row)
            except Undeliverable:
                refused.append(row)
            except BrokerAway as error:
                away.append(error)
        if confirmed:
            await crash_point("relay.after_confirm")
            await crash_point("relay.before_delete")
        for row in confirmed:
            del self._database.outbox[row.event.event_id, row.target_queue]
        for row in refused:
            later = now + timedelta(seconds=min(60.0, 2.0 ** min(row.refused, 6)))
            self._database.outbox[row.event.event_id, row.target_queue] = replace(
                row, refused=row.refused + 1, available_at=later
            )
        if away and not confirmed and not refused:
            raise away[0]
        await crash_point("relay.before_commit")
        return len(confirmed)


def _outgoing(row: OutboxRow) -> Outgoing:
    envelope = encode(row.event)
    headers = envelope.headers if row.attempt is None else {**envelope.headers, "x-attempt": str(row.attempt)}
    return Outgoing(
        message_id=envelope.message_id,
        correlation_id=envelope.correlation_id,
        type=envelope.type,
        routing_key=row.target_queue or envelope.routing_key,
        target_queue=row.target_queue,
        headers=headers,
        body=envelope.body,
    )
