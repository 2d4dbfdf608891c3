"""Reading, waiting for and following jobs, on a clock that moves when nothing happens."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.gateway.fakes import FakeCache, FakeEvents, KnownJobs, moved, pending

from gateway.http.job_documents import retry_after_s
from gateway.usecases.follow_job import FollowJob, Moved, Silence
from gateway.usecases.read_job import ReadJob
from gateway.usecases.wait_for_job import WaitForJob
from shared import ids
from shared.entities import EntityKind
from shared.jobs import JobStatus
from shared.testing.clock import START, FakeClock


async def test_the_cache_is_told_once_and_before_done_is() -> None:
    job = moved(pending(), JobStatus.DONE)
    cache = FakeCache()
    read = ReadJob(KnownJobs(job), cache)

    assert [await read(job.id), await read(job.id)] == [job, job]
    assert cache.invalidated == [(EntityKind.MOVIE, "heat-1995", 7)]


async def test_a_job_without_a_result_reaches_no_cache() -> None:
    job, cache = moved(pending(), JobStatus.FAILED), FakeCache()

    await ReadJob(KnownJobs(job), cache)(job.id)

    assert cache.invalidated == []


async def test_the_memory_of_invalidations_is_bounded() -> None:
    done, cache = [moved(pending(), JobStatus.DONE) for _ in range(3)], FakeCache()
    read = ReadJob(KnownJobs(*done), cache, remembered=2)

    for job in [*done, *done]:
        await read(job.id)

    assert len(cache.invalidated) == 6


async def test_a_job_is_made_visible_again_while_the_cache_was_away() -> None:
    job, cache = moved(pending(), JobStatus.DONE), FakeCache()
    read = ReadJob(KnownJobs(job), cache)

    cache.away = True
    await read(job.id)
    cache.away = False
    for _ in range(3):
        await read(job.id)

    assert len(cache.invalidated) == 2


async def test_a_wait_ends_in_time_with_the_present_state() -> None:
    clock, job = FakeClock(), pending()
    events = FakeEvents(clock)
    wait = WaitForJob(ReadJob(KnownJobs(job), FakeCache()), events, clock, capacity=1)

    waited = await wait([job.id, ids.job_id()], 5)

    assert (waited.jobs, waited.applied) == ((job,), True)
    assert (clock.monotonic(), events.watched) == (5, 0)


async def test_several_jobs_share_one_deadline() -> None:
    clock, first, second = FakeClock(), pending(), pending()
    wait = WaitForJob(ReadJob(KnownJobs(first, second), FakeCache()), FakeEvents(clock), clock, capacity=1)

    waited = await wait([first.id, second.id], 5)

    assert waited.jobs == (first, second)
    assert clock.monotonic() == 5


async def test_a_shutdown_ends_a_wait_at_once() -> None:
    clock, job = FakeClock(), pending()
    events = FakeEvents(clock)
    events.ended = True

    waited = await WaitForJob(ReadJob(KnownJobs(job), FakeCache()), events, clock, capacity=1)([job.id], 30)

    assert waited.jobs == (job,)
    assert clock.monotonic() == 0


async def test_without_room_nobody_waits() -> None:
    clock, job = FakeClock(), pending()
    wait = WaitForJob(ReadJob(KnownJobs(job), FakeCache()), FakeEvents(clock), clock, capacity=0)

    waited = await wait([job.id], 30)

    assert (waited.jobs, waited.applied) == ((job,), False)
    assert clock.monotonic() == 0


async def test_a_stream_beats_every_fifteen_seconds_even_when_woken_for_nothing() -> None:
    clock, job = FakeClock(), pending()
    events = FakeEvents(clock)
    events.hints = [10.0, 10.0, 10.0]
    follow = FollowJob(ReadJob(KnownJobs(job), FakeCache()), events, clock, capacity=1, longest_s=60)

    heard = [(type(news), clock.monotonic()) async for news in follow(job.id, 0)]

    assert heard == [(Moved, 0.0), (Silence, 15.0), (Silence, 30.0), (Silence, 45.0), (Silence, 60.0)]


async def test_a_stream_ends_after_the_terminal_transition_which_holds_the_job() -> None:
    job = moved(moved(pending(), JobStatus.PROCESSING), JobStatus.CANCELLED)
    clock = FakeClock()
    follow = FollowJob(ReadJob(KnownJobs(job), FakeCache()), FakeEvents(clock), clock, capacity=1)

    news = [item async for item in follow(job.id, 1)]

    assert news == [Moved(job.id, job.transitions[1], None), Moved(job.id, job.transitions[2], job)]


async def test_room_is_taken_and_given_back() -> None:
    clock = FakeClock()
    follow = FollowJob(ReadJob(KnownJobs(), FakeCache()), FakeEvents(clock), clock, capacity=1)

    taken = [follow.enter(), follow.enter()]
    follow.leave()

    assert taken == [True, False]
    assert follow.enter()


@pytest.mark.parametrize(("due_s", "retry_after"), [(0.2, 1), (7.1, 8), (500, 60), (-5, 1)])
def test_a_retrying_job_says_when_its_next_attempt_is(due_s: float, retry_after: int) -> None:
    job = replace(moved(pending(), JobStatus.RETRYING), next_attempt_at=START + timedelta(seconds=due_s))

    assert retry_after_s(job, START) == retry_after
