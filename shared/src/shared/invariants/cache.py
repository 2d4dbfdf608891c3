"""The cache: no body is older than what PostgreSQL says of its entity."""

from collections.abc import Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

from shared import cache_keys
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


STALE = Check("entities have cached answers that are older than what is stored", _stale)
