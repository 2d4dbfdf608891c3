"""API keys: made, listed, found and revoked. A key is shown once; only its SHA-256 is stored."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, Text, cast, func, insert, or_, select, update

from shared import ids
from shared.db.engine import Database, Transaction
from shared.db.tables import api_keys

MARK = "mm_"
_PREFIX_LENGTH = len(MARK) + 8  # enough to find the row, far from enough to guess the other 35 characters


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """`key` exists nowhere else."""

    id: UUID
    name: str
    key: str
    prefix: str


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key as stored. `owner` is the identity that survives regenerating the key."""

    id: UUID
    name: str
    prefix: str
    owner: UUID
    plan: str
    is_public: bool
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None


async def create_key(
    db: Database, name: str, *, is_public: bool = False, expires_at: datetime | None = None
) -> CreatedKey:
    """A new key of a new owner on plan `free`. Raises Unavailable("postgres")."""
    key = f"{MARK}{ids.token()}"
    created = CreatedKey(ids.row_id(), name, key, key[:_PREFIX_LENGTH])

    async def work(tx: Transaction) -> None:
        await tx.execute(
            insert(api_keys).values(
                id=created.id,
                name=name,
                prefix=created.prefix,
                key_hash=_digest(key),
                owner=ids.row_id(),
                is_public=is_public,
                expires_at=expires_at,
            )
        )

    await db.run(work)
    return created


async def find_key(db: Database, key: str) -> KeyRow | None:
    """The row of `key`, active or not. Looked up by its prefix, then compared in constant time. Raises Unavailable("postgres")."""
    candidates = await db.read(select(api_keys).where(api_keys.c.prefix == key[:_PREFIX_LENGTH]))
    digest = _digest(key)
    for row in candidates.mappings():
        if hmac.compare_digest(row["key_hash"], digest):
            return _row(row)
    return None


async def list_keys(db: Database) -> Sequence[KeyRow]:
    """All keys, newest first. Raises Unavailable("postgres")."""
    return [_row(row) for row in (await db.read(select(api_keys).order_by(api_keys.c.id.desc()))).mappings()]


async def revoke_key(db: Database, id_or_prefix: str) -> KeyRow | None:
    """Revoke the key with that id or prefix; None when there is none. The first revocation's time stays. Raises Unavailable("postgres")."""
    named = or_(api_keys.c.prefix == id_or_prefix, cast(api_keys.c.id, Text) == id_or_prefix.lower())
    first = select(api_keys.c.id).where(named).order_by(api_keys.c.id).limit(1).scalar_subquery()

    async def work(tx: Transaction) -> KeyRow | None:
        revoked = await tx.execute(
            update(api_keys)
            .where(api_keys.c.id == first)
            .values(revoked_at=func.coalesce(api_keys.c.revoked_at, func.now()))
            .returning(*api_keys.c)
        )
        row = revoked.mappings().first()
        return _row(row) if row is not None else None

    return await db.run(work)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _row(row: RowMapping) -> KeyRow:
    return KeyRow(**{name: row[name] for name in KeyRow.__dataclass_fields__})
