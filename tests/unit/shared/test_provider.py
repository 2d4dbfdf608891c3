"""One bounded call to a provider: what it waits for, what it says to the others, what its errors are."""

from dataclasses import replace

import httpx
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from shared.errors import Permanent, Transient
from shared.http import client
from shared.jobs import FailureType
from shared.provider import DRIFT, Provider, report_drift
from shared.rate_limit import CallLimit, Limit, RateLimiter
from shared.testing.clock import FakeClock

URL = "http://provider/a?apikey=canary"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def limit(clock: FakeClock) -> CallLimit:
    return CallLimit(RateLimiter(None, clock, name="provider", sharer="me"), Limit("requests", 5, 10.0))


def provider(*answers: httpx.Response, limit: CallLimit | None = None) -> Provider:
    left = list(answers)
    http = client(transport=httpx.MockTransport(lambda _: left.pop(0)))
    return Provider("Someone", http, deadline_s=2.0, concurrency=2, max_bytes=1000, limit=limit)


async def test_f64_one_answer_of_429_holds_everybody_back_as_long_as_it_says(limit: CallLimit) -> None:
    one = provider(httpx.Response(429, headers={"Retry-After": "7"}), limit=limit)
    other = provider(limit=limit)

    with pytest.raises(Transient, match="throttled"):
        await one.get(URL)
    with pytest.raises(Transient) as held_back:
        await other.get(URL)

    assert held_back.value.failure.type is FailureType.RATE_LIMITED
    assert held_back.value.retry_after_s == pytest.approx(7)
    assert held_back.value.counted is False


async def test_f64_after_the_pause_calls_go_on(clock: FakeClock, limit: CallLimit) -> None:
    one = provider(httpx.Response(429, headers={"Retry-After": "7"}), httpx.Response(200), limit=limit)
    with pytest.raises(Transient):
        await one.get(URL)

    clock.advance(7)

    assert (await one.get(URL)).status == 200


async def test_f64_without_a_wish_the_pause_doubles_until_an_answer_comes(clock: FakeClock, limit: CallLimit) -> None:
    limit = replace(limit, limit=Limit("requests", 1000, 1.0))
    throttled = [httpx.Response(429) for _ in range(3)]
    one = provider(*throttled, httpx.Response(200), httpx.Response(429), limit=limit)
    paused: list[float | None] = []
    for place in range(5):
        if place == 3:
            await one.get(URL)
            clock.advance(60)
            continue
        with pytest.raises(Transient) as raised:
            await one.get(URL)
        assert raised.value.retry_after_s is None
        paused.append(await limit.enter(max_wait_s=0))
        clock.advance(60)

    assert paused == [pytest.approx(seconds) for seconds in (1, 2, 4, 1)]


async def test_f64_a_call_that_would_wait_half_its_time_is_not_made(limit: CallLimit) -> None:
    one = provider(httpx.Response(200), limit=limit)
    await one.get(URL)

    with pytest.raises(Transient) as raised:  # a burst of one, then one in two seconds
        await provider(limit=limit).get(URL)

    assert raised.value.retry_after_s == pytest.approx(2.0)
    assert raised.value.counted is False


async def test_f64_a_call_that_is_tried_once_more_counts_twice(clock: FakeClock, limit: CallLimit) -> None:
    limit = replace(limit, limit=Limit("requests", 20, 20.0))

    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("reset", request=request)

    http = client(transport=httpx.MockTransport(broken))
    with pytest.raises(Transient):
        await Provider("Someone", http, deadline_s=2.0, concurrency=2, max_bytes=1000, limit=limit).get(URL)

    assert await limit.enter(max_wait_s=0) == pytest.approx(20 / 19)  # a burst of two is used up


async def test_a_status_above_500_is_transient_with_the_wish_it_came_with() -> None:
    with pytest.raises(Transient) as raised:
        await provider(httpx.Response(503, headers={"Retry-After": "30"})).get(URL)

    assert raised.value.retry_after_s == pytest.approx(30)
    assert raised.value.counted is True


async def test_a_body_is_the_object_or_the_array_it_should_be() -> None:
    subject = provider(httpx.Response(200, json={"a": 1}), httpx.Response(200, json=[1]), httpx.Response(200, text="{"))
    answers = [await subject.get(URL) for _ in range(3)]

    assert subject.document(answers[0]) == {"a": 1}
    assert subject.array(answers[1]) == [1]
    for unusable in (answers[1], answers[2]):
        with pytest.raises(Transient, match="no JSON object"):
            subject.document(unusable)
    for unusable in (answers[0], answers[2]):
        with pytest.raises(Transient, match="no JSON array"):
            subject.array(unusable)


@pytest.mark.parametrize(("status", "kind"), [(302, Transient), (400, Permanent), (422, Permanent)])
async def test_what_nobody_expects_has_one_of_the_roots(status: int, kind: type[Exception]) -> None:
    subject = provider(httpx.Response(status))

    assert isinstance(subject.refusal(await subject.get(URL)), kind)


def test_f66_drift_is_counted_by_provider_and_path() -> None:
    reader = InMemoryMetricReader()
    counter = MeterProvider(metric_readers=[reader]).get_meter("test").create_counter(DRIFT)

    report_drift("someone", ("videos", "cast[].id"), counter)
    report_drift("someone", ("videos",), counter)
    report_drift("someone", (), counter)

    data = reader.get_metrics_data()
    assert data is not None
    points = data.resource_metrics[0].scope_metrics[0].metrics[0].data.data_points
    counts = {(point.attributes or {})["path"]: getattr(point, "value", None) for point in points}
    assert counts == {"videos": 2, "cast[].id": 1}
