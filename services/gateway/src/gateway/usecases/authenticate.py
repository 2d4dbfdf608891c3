"""Is this API key good?"""

import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass
from uuid import UUID

from gateway.ports import ApiKeys, StoredKey
from shared.clock import Clock

_KEY = re.compile(r"mm_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class KeyOwner:
    key_id: UUID
    owner: UUID


@dataclass(frozen=True, slots=True)
class InvalidKey:
    """No such key."""


@dataclass(frozen=True, slots=True)
class InactiveKey:
    """The key was revoked or has expired."""


@dataclass(frozen=True, slots=True)
class _Verified:
    key: StoredKey
    until_s: float


class Authenticate:
    """Verifies keys. A found key is remembered by its hash for `ttl_s` seconds, and so long a revocation may go unseen.

    An expiry is seen at once.
    """

    def __init__(self, keys: ApiKeys, clock: Clock, *, ttl_s: float = 20.0, remembered: int = 4096) -> None:
        self._keys = keys
        self._clock = clock
        self._ttl_s = ttl_s
        self._remembered = remembered
        self._verified: OrderedDict[str, _Verified] = OrderedDict()

    async def __call__(self, key: str) -> KeyOwner | InvalidKey | InactiveKey:
        """Raises Unavailable("postgres")."""
        if not _KEY.fullmatch(key):
            return InvalidKey()
        digest = hashlib.sha256(key.encode()).hexdigest()
        stored = self._recall(digest)
        if stored is None:
            stored = await self._keys.find(key)
            if stored is None:
                return InvalidKey()
            self._remember(digest, stored)
        if stored.revoked or (stored.expires_at is not None and stored.expires_at <= self._clock.now()):
            return InactiveKey()
        return KeyOwner(stored.id, stored.owner)

    def _recall(self, digest: str) -> StoredKey | None:
        known = self._verified.get(digest)
        return known.key if known is not None and self._clock.monotonic() < known.until_s else None

    def _remember(self, digest: str, stored: StoredKey) -> None:
        self._verified[digest] = _Verified(stored, self._clock.monotonic() + self._ttl_s)
        self._verified.move_to_end(digest)
        if len(self._verified) > self._remembered:
            self._verified.popitem(last=False)
