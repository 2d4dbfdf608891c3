"""Idempotency keys in PostgreSQL: claimed first, answered last, both in the transaction of the effect."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import RowMapping, and_, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError

from gateway.ports import Answer, IdempotencyKey, KeyReused, Replayed
from shared.db.engine import LOCK_NOT_AVAILABLE, Database, Transaction, sqlstate
from shared.db.jobs import seconds
from shared.db.tables import idempotency_keys

LIFE_S = 24 * 3600.0
_WAIT_2_S = text("SET LOCAL lock_timeout = '2s'")
_WAIT_AS_USUAL = text("SET LOCAL lock_timeout TO DEFAULT")
_keys = idempotency_keys.c


class KeyBusy(Exception):
    """The first request with the key has not ended within two seconds."""


class PostgresAnswers:
    """Stored answers, readable for 24 hours."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def replay(self, caller: str, key: IdempotencyKey) -> Replayed | KeyReused | None:
        found = await self._database.read(_find(caller, key))
        row = found.mappings().first()
        return _judge(row, key) if row is not None else None


async def claim(tx: Transaction, caller: str, key: IdempotencyKey) -> Replayed | KeyReused | None:
    """Make the key this transaction's own (None), or say what it already stands for; an expired key is new again.

    Waits for a concurrent first request and raises KeyBusy after two seconds.
    """
    row = insert(idempotency_keys).values(
        caller=caller,
        key=key.key,
        fingerprint=key.fingerprint,
        status=0,
        body={},
        expires_at=func.now() + seconds(LIFE_S),
    )
    claimed = row.on_conflict_do_update(
        index_elements=[_keys.caller, _keys.key],
        set_={name: row.excluded[name] for name in ("fingerprint", "status", "body", "expires_at")}
        | {"job_ids": row.excluded.job_ids, "location": row.excluded.location, "created_at": func.now()},
        where=_keys.expires_at <= func.now(),
    ).returning(_keys.key)
    await tx.execute(_WAIT_2_S)
    try:
        mine = (await tx.execute(claimed)).first() is not None
    except DBAPIError as error:
        if sqlstate(error) == LOCK_NOT_AVAILABLE:
            raise KeyBusy from error
        raise
    await tx.execute(_WAIT_AS_USUAL)
    if mine:
        return None
    stored = (await tx.execute(_find(caller, key))).mappings().first()
    if stored is None:  # it expired in this very moment
        raise KeyBusy
    return _judge(stored, key)


async def store(tx: Transaction, caller: str, key: IdempotencyKey, answer: Answer, job_ids: Sequence[UUID]) -> None:
    """Keep the answer under the claimed key."""
    await tx.execute(
        update(idempotency_keys)
        .where(_keys.caller == caller, _keys.key == key.key)
        .values(status=answer.status, body=dict(answer.body), location=answer.location, job_ids=list(job_ids))
    )


def _find(caller: str, key: IdempotencyKey):  # noqa: ANN202 (the select's own type is unspeakable)
    return select(idempotency_keys).where(
        and_(_keys.caller == caller, _keys.key == key.key, _keys.expires_at > func.now())
    )


def _judge(row: RowMapping, key: IdempotencyKey) -> Replayed | KeyReused:
    if row["fingerprint"] != key.fingerprint:
        return KeyReused()
    return Replayed(tuple(row["job_ids"]), Answer(row["status"], row["body"], row["location"]))
