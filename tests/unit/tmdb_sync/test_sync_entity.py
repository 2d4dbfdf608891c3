from dataclasses import dataclass, field
from uuid import UUID

import pytest

from shared import ids
from shared.entities import EntityKind, Facts, MovieDetails
from shared.errors import Permanent, Transient, Unavailable
from shared.events import RefreshRequested
from shared.jobs import Attempt, Failure, FailureType, JobKind
from shared.testing.catalog import FakeCatalog
from shared.testing.clock import START
from tmdb_sync.ports import Known
from tmdb_sync.usecases.sync_entity import SyncEntity

MATRIX = Facts(kind=EntityKind.MOVIE, tmdb_id=603, title="The Matrix", year=1999, details=MovieDetails())
EVENT = RefreshRequested(
    event_id=ids.row_id(),
    occurred_at=START,
    entity_kind=EntityKind.MOVIE,
    job_id=ids.job_id(),
    slug="the-matrix-1999",
    entity_id=ids.row_id(),
)
ATTEMPT = Attempt(
    job_id=EVENT.job_id,
    kind=JobKind.REFRESH,
    number=1,
    max_attempts=3,
    token=ids.job_id(),
    seconds_left=600,
    accepted_seq=1,
    created_at=START,
    entity_kind=EntityKind.MOVIE,
    slug=EVENT.slug,
    requested_slug=EVENT.slug,
    entity_id=EVENT.entity_id,
)


@dataclass
class FakeFactStore:
    """Facts in memory."""

    entities: dict[UUID, Known] = field(default_factory=dict[UUID, Known])
    refreshed: list[Facts] = field(default_factory=list[Facts])
    stale: list[UUID] = field(default_factory=list[UUID])

    async def known(self, entity_id: UUID) -> Known | None:
        return self.entities.get(entity_id)

    async def refresh(self, attempt: Attempt, event: RefreshRequested, facts: Facts) -> None:
        assert attempt.job_id == event.job_id
        self.refreshed.append(facts)

    async def mark_stale(self, entity_id: UUID) -> None:
        self.stale.append(entity_id)


@pytest.fixture
def store() -> FakeFactStore:
    return FakeFactStore({EVENT.entity_id: Known(EVENT.entity_id, EntityKind.MOVIE, 603)})


async def test_a_stored_entity_gets_what_the_catalogue_says_now(store: FakeFactStore) -> None:
    await SyncEntity(FakeCatalog([MATRIX]), store)(EVENT, ATTEMPT)

    assert store.refreshed == [MATRIX]
    assert store.stale == []


async def test_an_entity_that_is_not_stored_is_not_found(store: FakeFactStore) -> None:
    store.entities.clear()

    with pytest.raises(Permanent) as failed:
        await SyncEntity(FakeCatalog([MATRIX]), store)(EVENT, ATTEMPT)

    assert failed.value.failure.type is FailureType.NOT_FOUND


async def test_an_entry_that_the_catalogue_dropped_leaves_the_stored_facts_and_marks_them_stale(
    store: FakeFactStore,
) -> None:
    with pytest.raises(Permanent) as failed:
        await SyncEntity(FakeCatalog([]), store)(EVENT, ATTEMPT)

    assert failed.value.failure.type is FailureType.NOT_FOUND
    assert (store.refreshed, store.stale) == ([], [EVENT.entity_id])


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("tmdb"),
        Transient(
            Failure(type=FailureType.RATE_LIMITED, technical_message="throttled"), retry_after_s=7.0, counted=False
        ),
    ],
)
async def test_a_catalogue_that_is_away_is_tried_again_and_the_stored_facts_remain(
    store: FakeFactStore, error: Unavailable | Transient
) -> None:
    catalog = FakeCatalog([MATRIX])
    catalog.error = error

    with pytest.raises(Transient):
        await SyncEntity(catalog, store)(EVENT, ATTEMPT)

    assert (store.refreshed, store.stale) == ([], [EVENT.entity_id])
