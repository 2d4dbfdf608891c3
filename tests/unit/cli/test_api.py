import json
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from moviemind.api import Api
from moviemind.api_models import Job
from moviemind.errors import CliError
from shared.clock import SystemClock
from shared.entities import EntityKind, Form

JOB = "09844ea9-f01b-4494-abc0-d21027dec954"
BASE = "http://gateway.test/api/v1"
Handler = Callable[[httpx.Request], httpx.Response]


class InstantClock(SystemClock):
    async def sleep(self, delay_s: float) -> None:
        await super().sleep(0)


def api_of(handler: Handler) -> Api:
    return Api(httpx.AsyncClient(base_url=BASE, transport=httpx.MockTransport(handler)), InstantClock())


def event(sequence: int, status: str) -> str:
    at = datetime(2026, 11, 20, tzinfo=UTC).isoformat()
    data = {
        "job_id": JOB,
        "sequence": sequence,
        "status": status,
        "at": at,
        "attempt": 1,
        "actor": "generator",
        "reason": None,
    }
    return f"id: {sequence}\nevent: {status.lower()}\ndata: {json.dumps(data)}\n\n"


def stream(*events: str) -> httpx.Response:
    return httpx.Response(200, headers={"Content-Type": "text/event-stream"}, text="retry: 2000\n\n" + "".join(events))


async def test_a_broken_stream_is_resumed_where_it_ended() -> None:
    parts = [stream(event(1, "PENDING"), ": heartbeat\n\n", event(2, "PROCESSING")), stream(event(3, "DONE"))]
    asked: list[str] = []

    def gateway(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["Last-Event-ID"])
        return parts.pop(0)

    seen = [step.sequence async for step in api_of(gateway).transitions(JOB, within_s=5)]

    assert seen == [1, 2, 3]
    assert asked == ["0", "2"]


SHORT = Job.model_validate(
    {
        "job_id": JOB,
        "kind": "generation",
        "status": "DONE",
        "entity": "MOVIE",
        "slug": "heat-1995",
        "form": "tagline",
        "locale": "pl-PL",
        "text_id": "T",
        "attempt": 1,
        "max_attempts": 3,
        "created_at": datetime(2026, 11, 20, tzinfo=UTC),
    }
)


async def test_a_short_text_is_read_beside_a_long_one_of_any_locale() -> None:
    def gateway(request: httpx.Request) -> httpx.Response:
        detail = {"descriptions": [{"id": "D"}], "short_locale": "en-US", "tagline": "English."}
        if request.url.params == httpx.QueryParams({"description_id": "D", "locale": "pl-PL"}):
            detail |= {"short_locale": "pl-PL", "tagline": "Polski."}
        return httpx.Response(200, json=detail)

    text = await api_of(gateway).short_text_of(SHORT, Form.TAGLINE)

    assert text is not None
    assert (text.id, text.locale, text.text) == ("T", "pl-PL", "Polski.")


async def test_a_short_text_that_nothing_shows_yet_starts_no_other_job() -> None:
    asked: list[str] = []

    def gateway(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        return httpx.Response(404 if request.method == "HEAD" else 202)

    assert await api_of(gateway).short_text_of(SHORT, Form.TAGLINE) is None
    assert asked == ["HEAD"]


async def test_following_a_job_has_an_end() -> None:
    with pytest.raises(CliError, match="was not finished within 0 s"):
        async for _ in api_of(lambda _: stream(event(1, "PENDING"))).transitions(JOB, within_s=0.01):
            pass


async def test_an_unknown_job_is_the_gateways_sentence() -> None:
    body = {"type": "urn:moviemind:problem:job-not-found", "status": "UNKNOWN", "detail": f"No job {JOB}."}

    with pytest.raises(CliError, match=f"answered 404: No job {JOB}"):
        await api_of(lambda _: httpx.Response(404, json=body)).job(JOB)


async def test_wrong_fields_are_named() -> None:
    body = {"detail": "1 field is not valid.", "errors": {"slug": ["Must not be empty."]}}

    with pytest.raises(CliError, match="slug: Must not be empty"):
        await api_of(lambda _: httpx.Response(422, json=body)).generate({})


async def test_a_missing_key_says_how_to_get_one() -> None:
    with pytest.raises(CliError) as raised:
        await api_of(lambda _: httpx.Response(401, json={"detail": "API key is required"})).generate({})

    assert "--api-key" in raised.value.hint


async def test_near_matches_are_offered() -> None:
    body = {"detail": "Not found.", "suggested_slugs": [{"slug": "the-matrix-1999", "title": "The Matrix"}]}

    with pytest.raises(CliError) as raised:
        await api_of(lambda _: httpx.Response(404, json=body)).refresh(EntityKind.MOVIE, "the-matrics")

    assert raised.value.hint == "Did you mean: the-matrix-1999?"


async def test_a_lost_answer_is_asked_for_again_under_the_same_key() -> None:
    keys: list[str] = []

    def gateway(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["Idempotency-Key"])
        if len(keys) == 1:
            raise httpx.ReadError("connection reset")
        return httpx.Response(202, json={"job_id": JOB, "status": "PENDING", "slug": "jaws-1975"})

    (accepted,) = await api_of(gateway).generate({"entity_type": "MOVIE", "slug": "jaws-1975"})

    assert accepted.job_id == JOB
    assert len(keys) == 2
    assert keys[0] == keys[1]


async def test_several_tags_are_several_jobs() -> None:
    job = {"job_id": JOB, "status": "PENDING", "slug": "jaws-1975"}
    body = {"job_ids": [JOB, JOB], "status": "PENDING", "jobs": [job, job]}

    assert len(await api_of(lambda _: httpx.Response(202, json=body)).generate({})) == 2


async def test_an_answer_of_something_else_is_said() -> None:
    with pytest.raises(CliError, match="not a valid Job: job_id"):
        await api_of(lambda _: httpx.Response(200, text="<html>hello</html>")).job(JOB)


async def test_an_unreachable_gateway_is_one_line() -> None:
    def nobody(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("All connection attempts failed", request=request)

    with pytest.raises(CliError, match=r"cannot reach http://gateway\.test: All connection attempts failed"):
        await api_of(nobody).job(JOB)
