"""An operator's desk: a gateway with an admin token, and letters parked the way workers park them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import RowMapping, insert, select, update
from tests.integration.gateway.world import World

from shared import ids
from shared.db.dead_letters import Origin, park
from shared.db.engine import Database, Transaction
from shared.db.tables import admin_audit, dead_letters, outbox
from shared.entities import EntityKind
from shared.envelope import encode
from shared.errors import BadMessage
from shared.events import EntityChanged
from shared.testing.clock import START
from shared.topology import INVALIDATIONS

TOKEN = "an-operator-token-of-32-characters"
PATH = "/api/v1/admin/dead-letters"
QUEUE = INVALIDATIONS.name


def changed(slug: str = "the-matrix-1999") -> EntityChanged:
    return EntityChanged(
        event_id=ids.row_id(),
        occurred_at=START,
        entity_kind=EntityKind.MOVIE,
        entity_id=ids.row_id(),
        slug=slug,
        entity_version=2,
    )


@dataclass(slots=True)
class Desk:
    world: World

    @property
    def database(self) -> Database:
        return self.world.database

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """A request with the token; header names with `_` for `-`."""
        sent = {"X-Admin-Token": TOKEN} | {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.world.client.request(method, path, json=body, headers=sent)

    async def parked(
        self,
        event: EntityChanged | None = None,
        *,
        queue: str = QUEUE,
        reason: str = "handler-crashed",
        headers: Mapping[str, Any] | None = None,
        body: bytes | None = None,
        origin: Origin = Origin.HANDLER,
    ) -> UUID:
        """The id of the letter that a worker left."""
        envelope = encode(event or changed())
        before = set(await self._ids())

        async def work(tx: Transaction) -> None:
            message = BadMessage(reason, "as the worker saw it")
            sent = envelope.headers if headers is None else headers
            await park(tx, queue, message, sent, envelope.body if body is None else body, origin=origin)

        await self.database.run(work)
        (new,) = set(await self._ids()) - before
        return new

    async def parked_many(self, count: int) -> None:
        async def work(tx: Transaction) -> None:
            for _ in range(count):
                envelope = encode(changed())
                await park(tx, QUEUE, BadMessage("handler-crashed", ""), envelope.headers, envelope.body)

        await self.database.run(work)

    async def letter(self, letter_id: UUID) -> RowMapping:
        found = await self.database.read(select(dead_letters).where(dead_letters.c.id == letter_id))
        return found.mappings().one()

    async def parked_at(self, letter_id: UUID, at: datetime) -> None:
        async def work(tx: Transaction) -> None:
            await tx.execute(update(dead_letters).where(dead_letters.c.id == letter_id).values(parked_at=at))

        await self.database.run(work)

    async def outbox(self) -> Sequence[RowMapping]:
        return (await self.database.read(select(outbox).order_by(outbox.c.seq))).mappings().all()

    async def audit(self) -> list[tuple[str, str, str, Any, Any]]:
        """(actor, action, target, before, after) of every entry, oldest first."""
        found = await self.database.read(select(admin_audit).order_by(admin_audit.c.id))
        names = ("actor", "action", "target", "before", "after")
        return [tuple(row[name] for name in names) for row in found.mappings()]  # pyright: ignore[reportReturnType] (five names)

    async def note(self, **entry: Any) -> None:
        async def work(tx: Transaction) -> None:
            await tx.execute(insert(admin_audit).values(id=ids.row_id(), **entry))

        await self.database.run(work)

    async def _ids(self) -> Sequence[UUID]:
        return (await self.database.read(select(dead_letters.c.id))).scalars().all()
