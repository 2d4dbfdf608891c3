"""What the healed system is asked: the same requests again, the failures of jobs, and every cached answer twice."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import httpx
from tests.faults.chaos.ledger import Ledger, Post
from tests.faults.chaos.load import A_LIST, send
from tests.support.emptying import clear_redis
from tests.support.fleet import Fleet

from shared.entities import KINDS, EntityKind

AT_ONCE = 16
REPEATED_EVERY = 10
"""Of the acknowledged requests, which are repeated too."""
_FAILURE_MEMBERS = ("type", "message", "technical_message", "user_message")
_READABLE = """
SELECT DISTINCT kind, slug, locale FROM entities JOIN texts ON entity_id = entities.id
WHERE archived_at IS NULL AND default_text_id IS NOT NULL AND accepted_seq > $1
"""
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Repetition:
    """A request and its repetition by the same key. `before` are the jobs that the key stood for between the two."""

    post: Post
    again: Post
    before: tuple[str, ...]
    replayed: bool


def repeat(fleet: Fleet, ledger: Ledger) -> list[Repetition]:
    """Send every unanswered request once more, and some of those that were acknowledged."""
    acknowledged = list(ledger.of(acknowledged=True))[::REPEATED_EVERY]
    unanswered = [post for post in ledger.of(acknowledged=False) if not post.refused]
    statement = "SELECT key, array(SELECT unnest(job_ids)::text) AS job_ids FROM idempotency_keys"
    stored = {row["key"]: tuple(row["job_ids"]) for row in fleet.rows(statement)}

    async def once_more(client: httpx.AsyncClient, post: Post) -> Repetition:
        again = Post(post.key, post.path, post.body)
        replayed = await send(client, again, ledger)
        return Repetition(post, again, stored.get(post.key, ()), replayed)

    return _ask(fleet, [*acknowledged, *unanswered], once_more)


def incomplete_failures(fleet: Fleet, since: int) -> frozenset[str]:
    """FAILED jobs whose document does not say everything a caller needs."""
    failed = fleet.rows("SELECT id::text FROM jobs WHERE status = 'FAILED' AND accepted_seq > $1", since)

    async def complete(client: httpx.AsyncClient, job_id: str) -> bool:
        document = (await client.get(f"/api/v1/jobs/{job_id}")).json()
        error = cast("dict[str, Any]", document.get("error") or {})
        return all(error.get(member) for member in _FAILURE_MEMBERS)

    job_ids = [row["id"] for row in failed]
    answers = _ask(fleet, job_ids, complete)
    return frozenset(job_id for job_id, well in zip(job_ids, answers, strict=True) if not well)


def untrue_bodies(fleet: Fleet, since: int) -> tuple[int, list[str]]:
    """How many answers about what was written were compared, and which of them differ from those that an empty Redis gives."""
    rows = fleet.rows(_READABLE, since)
    details = {f"/api/v1/{KINDS[EntityKind(row['kind'])].path}/{row['slug']}" for row in rows}
    of_locales = {f"/api/v1/{KINDS[EntityKind(row['kind'])].path}/{row['slug']}?locale={row['locale']}" for row in rows}
    lists = {f"/api/v1/{names.path}?{A_LIST}" for names in KINDS.values()}
    paths = sorted(details | of_locales | lists)

    async def read(client: httpx.AsyncClient, path: str) -> tuple[int, str | None, bytes]:
        answer = await client.get(path)
        return answer.status_code, answer.headers.get("ETag"), answer.content

    cached = _ask(fleet, paths, read)
    asyncio.run(clear_redis(fleet.redis_url))
    fresh = _ask(fleet, paths, read)
    return len(paths), [
        f"cache: {path} was {one[0]} {_around(one[2], other[2])}, and is {other[0]} {_around(other[2], one[2])} once Redis is empty"
        for path, one, other in zip(paths, cached, fresh, strict=True)
        if one != other or one[0] != 200
    ]


def _around(body: bytes, other: bytes) -> str:
    """What `body` says where it first differs from `other`."""
    place = next((at for at, (one, two) in enumerate(zip(body, other, strict=False)) if one != two), 0)
    return body[max(place - 80, 0) : place + 80].decode(errors="replace")


def _ask(fleet: Fleet, items: Sequence[T], question: Callable[[httpx.AsyncClient, T], Awaitable[R]]) -> list[R]:
    """The answers, in the order of `items`; the gateways take turns."""

    async def run() -> list[R]:
        limit = asyncio.Semaphore(AT_ONCE)
        clients = [_client(fleet, name) for name in fleet.services if name.startswith("gateway")]

        async def one(place: int, item: T) -> R:
            async with limit:
                return await question(clients[place % len(clients)], item)

        try:
            return await asyncio.gather(*(one(place, item) for place, item in enumerate(items)))
        finally:
            await _close(clients)

    return asyncio.run(run())


def _client(fleet: Fleet, gateway: str) -> httpx.AsyncClient:
    headers = {"X-API-Key": fleet.key}
    return httpx.AsyncClient(base_url=fleet.services[gateway].url, headers=headers, timeout=30, trust_env=False)


async def _close(clients: Iterable[httpx.AsyncClient]) -> None:
    for client in clients:
        await client.aclose()
