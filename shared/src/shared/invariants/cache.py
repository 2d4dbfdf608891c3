"""The cache: nothing in it is older than what PostgreSQL says."""

from collections.abc import Sequence
from typing import cast
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from shared import cache_keys
from shared.cache import ANSWER_TTL_S
from shared.entities import EntityKind
from shared.invariants.model import Check, Evidence, Unchecked
from shared.invariants.statements import rows

ENTITIES = 5_000
BATCH = 200
_CHANGED = """
SELECT entities.kind, entities.slug, entities.version FROM entities
WHERE entities.kind IN ('MOVIE', 'PERSON', 'TV_SERIES', 'TV_SHOW')
  AND entities.updated_at >= now() - interval '2 hours'
  AND entities.updated_at < now() - make_interval(secs => :stale_s)
ORDER BY entities.updated_at DESC
"""
"""A body ends an hour after its fill (`shared.cache.BODY_TTL_S`): one that is stale is of an entity that changed not long ago."""
_CHANGED_LATELY = f"""
SELECT entities.kind, entities.slug, entities.version, extract(epoch FROM entities.updated_at) FROM entities
WHERE entities.kind IN ('MOVIE', 'PERSON', 'TV_SERIES', 'TV_SHOW') AND entities.version > 1
  AND entities.updated_at >= now() - interval '{ANSWER_TTL_S} seconds'
  AND entities.updated_at < now() - make_interval(secs => :stale_s)
ORDER BY entities.updated_at DESC
"""  # noqa: S608 (a number of this package)
"""Who was stored because of a title's credits is announced with that title, and has no version of its own to announce yet."""


async def _stale(evidence: Evidence) -> Sequence[str]:
    """Of the ENTITIES that changed last. Read from PostgreSQL first: whatever is announced meanwhile only makes the cache newer."""
    if evidence.redis is None:
        raise Unchecked("no Redis to ask")
    found = await rows(evidence, _CHANGED, limit=ENTITIES)
    stale: list[str] = []
    for start in range(0, len(found), BATCH):
        stale += await _stale_of(evidence.redis, found[start : start + BATCH])
    return stale


async def _stale_of(redis: "Redis", stored: Sequence[Sequence[object]]) -> list[str]:
    named = [(EntityKind(str(kind)), str(slug), int(str(version))) for kind, slug, version in stored]
    pipeline = redis.pipeline(transaction=False)
    for kind, slug, _ in named:
        pipeline.exists(cache_keys.entity_bodies(kind, slug))
        pipeline.get(cache_keys.entity_version(kind, slug))
    try:
        answers: list[int | bytes | None] = await pipeline.execute()
    except (RedisError, OSError, TimeoutError) as error:
        raise Unchecked("redis does not answer") from error
    held = zip(named, answers[::2], answers[1::2], strict=True)
    return [f"{kind}:{slug}" for (kind, slug, version), body, known in held if body and int(known or 0) < version]


async def _untold(evidence: Evidence) -> Sequence[str]:
    """Changes that were not announced to a generation that began before them: an answer of it may still show what was before."""
    if evidence.redis is None:
        raise Unchecked("no Redis to ask")
    found = await rows(evidence, _CHANGED_LATELY, limit=ENTITIES)
    named = [(EntityKind(str(kind)), str(slug), int(str(version)), float(str(at))) for kind, slug, version, at in found]
    generations = [cache_keys.generation(kind) for kind in EntityKind]
    told = [cache_keys.told(kind, slug) for kind, slug, _, _ in named]
    try:
        values = cast("list[bytes | None]", await evidence.redis.mget(generations + told))
    except (RedisError, OSError, TimeoutError) as error:
        raise Unchecked("redis does not answer") from error
    began = {kind: _began_s(value) for kind, value in zip(EntityKind, values, strict=False) if value}
    known = zip(named, values[len(generations) :], strict=True)
    return [
        f"{kind}:{slug}"
        for (kind, slug, version, at), announced in known
        if int(announced or 0) < version and began.get(kind, at) < at
    ]


def _began_s(generation: bytes) -> float:
    """When a generation was named: its name is a UUIDv7 (RFC 9562 section 5.7)."""
    return (UUID(generation.decode()).int >> 80) / 1000


STALE = Check("entities have cached answers that are older than what is stored", _stale)
UNTOLD = Check("changes were not announced to the kept answers about many entities", _untold)
