from datetime import timedelta

import pytest

from gateway.ports import StoredKey
from gateway.usecases.authenticate import Authenticate, InactiveKey, InvalidKey, KeyOwner
from shared import ids
from shared.testing.clock import START, FakeClock

KEY = "mm_" + "k" * 43


class FakeKeys:
    """Keys in memory that count how often they were asked for."""

    def __init__(self, **known: StoredKey) -> None:
        self.known = known
        self.asked = 0

    async def find(self, key: str) -> StoredKey | None:
        self.asked += 1
        return self.known.get(key)


def stored(*, revoked: bool = False, expires_in_s: float | None = None) -> StoredKey:
    expires_at = START + timedelta(seconds=expires_in_s) if expires_in_s is not None else None
    return StoredKey(ids.row_id(), ids.row_id(), expires_at, revoked=revoked)


async def test_a_good_key_is_looked_up_once_in_its_time() -> None:
    clock, keys = FakeClock(), FakeKeys(**{KEY: stored()})
    authenticate = Authenticate(keys, clock, ttl_s=20)

    answers = [await authenticate(KEY) for _ in range(5)]
    clock.advance(20)
    answers.append(await authenticate(KEY))

    assert set(answers) == {KeyOwner(keys.known[KEY].id, keys.known[KEY].owner)}
    assert keys.asked == 2


async def test_a_revocation_is_seen_within_the_time() -> None:
    clock, keys = FakeClock(), FakeKeys(**{KEY: stored()})
    authenticate = Authenticate(keys, clock, ttl_s=20)
    await authenticate(KEY)

    keys.known[KEY] = stored(revoked=True)
    clock.advance(20)

    assert await authenticate(KEY) == InactiveKey()


async def test_an_expiry_is_seen_at_once() -> None:
    clock, keys = FakeClock(), FakeKeys(**{KEY: stored(expires_in_s=5)})
    authenticate = Authenticate(keys, clock, ttl_s=20)
    before = await authenticate(KEY)
    clock.advance(5)

    assert isinstance(before, KeyOwner)
    assert await authenticate(KEY) == InactiveKey()


@pytest.mark.parametrize(
    "key", ["", "mm_", "mm_" + "k" * 42, "mm_" + "k" * 44, "xx_" + "k" * 43, "mm_" + "ü" * 43, KEY + "\n"]
)
async def test_what_cannot_be_a_key_costs_no_query(key: str) -> None:
    keys = FakeKeys()

    assert await Authenticate(keys, FakeClock())(key) == InvalidKey()
    assert keys.asked == 0


async def test_an_unknown_key_is_asked_for_each_time() -> None:
    keys = FakeKeys()
    authenticate = Authenticate(keys, FakeClock())

    assert [await authenticate(KEY), await authenticate(KEY)] == [InvalidKey(), InvalidKey()]
    assert keys.asked == 2


async def test_the_memory_is_bounded() -> None:
    known = {f"mm_{number:043d}": stored() for number in range(3)}
    keys = FakeKeys(**known)
    authenticate = Authenticate(keys, FakeClock(), remembered=2)

    for key in [*known, *known]:
        await authenticate(key)

    assert keys.asked == 6
