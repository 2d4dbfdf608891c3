"""Makes entities found that were stored by code that did not know of search."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from sqlalchemy import Select, bindparam, exists, select, update

from shared.db.engine import Database, Transaction
from shared.db.entity_rows import search_columns
from shared.db.search_rows import index_documents, index_words
from shared.db.tables import entities, search_documents
from shared.entities import EntityKind, type_of_details

BATCH = 500
_FIRST = UUID(int=0)


async def index_missing(database: Database) -> int:
    """How many entities had no document and have one now. Safe to repeat, while all else runs: each batch is a transaction of its own.

    All are named before any is indexed, because a title is found under the names of its people, and a person under titles.
    """
    await _in_batches(database, _NAMELESS, _name)
    return await _in_batches(database, _MISSING, _index)


async def _in_batches(
    database: Database, chosen: Select[tuple[UUID]], work: Callable[[Transaction, Sequence[UUID]], Awaitable[None]]
) -> int:
    done, last = 0, _FIRST

    async def batch(tx: Transaction) -> Sequence[UUID]:
        found = (await tx.execute(chosen.where(entities.c.id > last).limit(BATCH))).scalars().all()
        if found:
            await work(tx, found)
        return found

    while found := await database.run(batch):
        done, last = done + len(found), found[-1]
    return done


async def _name(tx: Transaction, ids: Sequence[UUID]) -> None:
    named: list[dict[str, object]] = []
    for row in (await tx.execute(select(entities).where(entities.c.id.in_(ids)))).mappings():
        kind = EntityKind(row["kind"])
        names = (row["title"], row["original_title"], *row["titles"].values())
        known = search_columns(kind, names, row["genres"], type_of_details[kind].model_validate(row["details"]))
        named.append({"chosen": row["id"], **known})
    await tx.execute(_NAME, named)


async def _index(tx: Transaction, ids: Sequence[UUID]) -> None:
    await index_documents(tx, ids)
    await index_words(tx, ids)


_CHOSEN = select(entities.c.id).order_by(entities.c.id).with_for_update(key_share=True)
_NAMELESS = _CHOSEN.where(entities.c.search_title == "")
_MISSING = _CHOSEN.where(~exists().where(search_documents.c.entity_id == entities.c.id))
_NAME = (
    update(entities)
    .where(entities.c.id == bindparam("chosen"))
    .values({name: bindparam(name) for name in ("search_title", "search_place", "search_tags")})
)
