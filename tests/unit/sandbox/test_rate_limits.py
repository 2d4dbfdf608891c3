from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sandbox.openai.limits import Limits, duration

Body = Callable[..., dict[str, Any]]
URL = "/openai/v1/chat/completions"


class Hands:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0s"),
        (0.12, "120ms"),
        (1, "1s"),
        (8.64, "8.64s"),
        (59.9995, "1m0s"),
        (72.5, "1m12.5s"),
        (360, "6m0s"),
        (3723, "1h2m3s"),
    ],
)
def test_a_duration_is_written_as_openai_does(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_a_bucket_fills_evenly_and_a_refused_request_takes_nothing() -> None:
    clock = Hands()
    limits = Limits(clock)
    limits.set("sk-a", 2, 1000)

    first, second, third = [limits.take("sk-a", "gpt-4o", 10) for _ in range(3)]
    clock.at = 29.0
    early = limits.take("sk-a", "gpt-4o", 10)
    clock.at = 30.0
    late = limits.take("sk-a", "gpt-4o", 10)

    assert first.exceeded is None
    assert second.headers["x-ratelimit-remaining-requests"] == "0"
    assert second.headers["x-ratelimit-reset-requests"] == "1m0s"
    assert third.exceeded is not None
    assert third.exceeded.headers == {"retry-after": "30", "retry-after-ms": "30000"}
    assert "Limit 2, Used 2, Requested 1. Please try again in 30s." in third.exceeded.message
    assert early.exceeded is not None
    assert late.exceeded is None


def test_tokens_have_a_bucket_of_their_own() -> None:
    limits = Limits(Hands())
    limits.set("*", 100, 1000)

    served, refused = limits.take("sk-a", "gpt-4o", 900), limits.take("sk-a", "gpt-4o", 500)
    other = limits.take("sk-b", "gpt-4o", 500)

    assert served.headers["x-ratelimit-remaining-tokens"] == "100"
    assert refused.exceeded is not None
    assert (
        "tokens per min (TPM): Limit 1000, Used 900, Requested 500. Please try again in 24s."
        in refused.exceeded.message
    )
    assert other.exceeded is None


async def test_limits_are_set_and_cleared_at_the_control_api(client: httpx.AsyncClient, chat: Body) -> None:
    await client.put("/_sandbox/limits", json={"key": "sk-test", "requests_per_minute": 1})

    statuses = [(await client.post(URL, json=chat())).status_code for _ in range(2)]
    other = await client.post(URL, json=chat(), headers={"authorization": "Bearer sk-other"})
    refused = await client.post(URL, json=chat())
    await client.delete("/_sandbox/limits")
    cleared = await client.post(URL, json=chat())

    assert statuses == [200, 429]
    assert other.status_code == 200
    assert refused.json()["error"]["type"] == "requests"
    assert refused.headers["x-ratelimit-limit-requests"] == "1"
    assert refused.headers["x-ratelimit-remaining-requests"] == "0"
    assert 59_000 < int(refused.headers["retry-after-ms"]) <= 60_000
    assert cleared.status_code == 200
    assert cleared.headers["x-ratelimit-remaining-requests"] == "29999"


@pytest.mark.parametrize("body", [{"requests_per_minute": 0}, {"tokens_per_minute": "x"}, {"key": ""}])
async def test_limits_that_do_not_fit_are_refused(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    assert (await client.put("/_sandbox/limits", json=body)).status_code == 422


async def test_a_request_counts_the_larger_of_its_prompt_and_its_limit(client: httpx.AsyncClient, chat: Body) -> None:
    await client.put("/_sandbox/limits", json={"tokens_per_minute": 60_000})

    large = await client.post(URL, json=chat() | {"max_tokens": 50_000})

    assert 10_000 <= int(large.headers["x-ratelimit-remaining-tokens"]) <= 10_100
