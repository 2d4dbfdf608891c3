"""Who changed what, in PostgreSQL: entries are added in the transaction of the change and never altered."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time
from typing import Any

from sqlalchemy import ColumnElement, func, insert, select

from gateway.admin_ports import AuditEntry, AuditFilter, AuditPage
from shared import ids
from shared.db.engine import Database, Transaction
from shared.db.tables import admin_audit

_NAMES = tuple(AuditEntry.__dataclass_fields__)
_audit = admin_audit.c


async def record(
    tx: Transaction,
    actor: str,
    action: str,
    changes: Iterable[tuple[str, Mapping[str, Any] | None, Mapping[str, Any] | None]],
) -> None:
    """Add one entry per (target, before, after)."""
    entries = [
        {"id": ids.row_id(), "actor": actor, "action": action, "target": target, "before": before, "after": after}
        for target, before, after in changes
    ]
    if entries:
        await tx.execute(insert(admin_audit), entries)


class PostgresAudit:
    """The entries as they are read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, asked: AuditFilter) -> AuditPage:
        where = _where(asked)
        newest = select(*(_audit[name] for name in _NAMES)).where(*where).order_by(_audit.at.desc(), _audit.id.desc())
        rows = await self._database.read(newest.limit(asked.per_page).offset((asked.page - 1) * asked.per_page))
        total = await self._database.read(select(func.count()).select_from(admin_audit).where(*where))
        return AuditPage([AuditEntry(**row) for row in rows.mappings()], total.scalar_one())


def _where(asked: AuditFilter) -> list[ColumnElement[bool]]:
    equal = {_audit.actor: asked.actor, _audit.action: asked.action, _audit.target: asked.target}
    where = [column == value for column, value in equal.items() if value is not None]
    if asked.start is not None:
        where.append(_audit.at >= datetime.combine(asked.start, time.min, UTC))
    if asked.end is not None:
        where.append(_audit.at <= datetime.combine(asked.end, time.max, UTC))
    return where
