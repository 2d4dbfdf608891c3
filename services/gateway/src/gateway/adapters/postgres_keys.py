"""API keys in PostgreSQL."""

from sqlalchemy import func, update

from gateway.ports import StoredKey
from shared.db.engine import Database, Transaction
from shared.db.keys import find_key
from shared.db.tables import api_keys


class PostgresKeys:
    """Finds keys and notes when they were used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, key: str) -> StoredKey | None:
        found = await find_key(self._database, key)
        if found is None:
            return None

        async def used(tx: Transaction) -> None:
            await tx.execute(update(api_keys).where(api_keys.c.id == found.id).values(last_used_at=func.now()))

        await self._database.run(used)
        return StoredKey(found.id, found.owner, found.expires_at, revoked=found.revoked_at is not None)
