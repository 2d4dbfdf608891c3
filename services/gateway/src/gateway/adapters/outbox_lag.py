"""How late the outbox is."""

from sqlalchemy import func, select

from shared.db.engine import Database
from shared.db.jobs import seconds
from shared.db.tables import outbox
from shared.errors import Unavailable

LONGEST_S = 30.0


class OutboxLag:
    """Events are late when one has been due for more than half a minute."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def short(self) -> bool:
        late = select(outbox.c.id).where(outbox.c.available_at < func.now() - seconds(LONGEST_S)).limit(1)
        try:
            return (await self._database.read(late)).first() is None
        except Unavailable:
            return False
