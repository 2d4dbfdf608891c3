"""The public HTTP API as the commands use it: every call bounded, every failure a `CliError`."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from moviemind.api_models import TERMINAL, Accepted, AcceptedMany, Job, Problem, Refreshed, Transition, WrittenText
from moviemind.errors import CliError
from shared import ids
from shared.clock import Clock, SystemClock
from shared.entities import KINDS, EntityKind, Form

_TIMEOUT = httpx.Timeout(10.0)
_REFRESH_WAIT_S = 30
_STREAM_SILENCE_S = 45.0  # three heartbeats
_RECONNECT_S = 0.5
_HINTS = {
    401: "Name a key with --api-key or MOVIEMIND_API_KEY; `./moviemind keys create NAME` makes one.",
    403: "The key's plan does not include this.",
    429: "The limit is used up; the answer says when to try again.",
    503: "A part of the system is down: ./moviemind doctor",
}
_OBJECT = TypeAdapter(dict[str, Any])
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, with what later steps look at."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str]

    def read(self, model: type[M]) -> M:
        """The body as `model`. Raises `CliError` when it is not one."""
        try:
            return model.model_validate(self.body)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise CliError(
                f"the answer is not a valid {model.__name__}: {where}: {first['msg']}",
                "Is the address that of a MovieMind gateway of this version?",
            ) from error


class Api:
    """One gateway, as one caller."""

    def __init__(self, client: httpx.AsyncClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, api_key: str | None, clock: Clock | None = None) -> AsyncGenerator["Api"]:
        headers = {"X-API-Key": api_key} if api_key else {}
        try:
            client = httpx.AsyncClient(base_url=f"{url.rstrip('/')}/api/v1", headers=headers, timeout=_TIMEOUT)
        except httpx.InvalidURL as error:
            raise CliError(f"{url!r} is not a URL", "An example: http://127.0.0.1:8000") from error
        async with client:
            yield cls(client, clock or SystemClock())

    async def call(self, method: str, path: str, **options: Any) -> Answer:
        """Any status is an answer. Raises `CliError` when there is none."""
        try:
            response = await self._client.request(method, path, **options)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise self._unreachable(error) from error
        return _answer(response)

    async def entity(self, kind: EntityKind, slug: str, **query: str) -> Answer:
        return await self.call("GET", f"/{KINDS[kind].path}/{slug}", params=query)

    async def text_of(self, job: Job) -> WrittenText:
        """The text that a finished generation wrote."""
        names = KINDS[EntityKind(job.entity)]
        answer = await self.entity(EntityKind(job.entity), job.slug, **{names.text_id_member: job.text_id or ""})
        texts = expect(answer, 200).body.get(names.texts, [])
        found = [text for text in texts if text.get("id") == job.text_id]
        if not found:
            raise CliError(
                f"the text {job.text_id} is not in the answer about {job.slug}", "It may have been replaced."
            )
        return WrittenText.model_validate(found[0])

    async def short_text_of(self, job: Job, form: Form) -> WrittenText | None:
        """A summary or tagline, which is shown with the long texts: None while there are none, because asking for one would queue it."""
        kind = EntityKind(job.entity)
        names = KINDS[kind]
        if (await self.call("HEAD", f"/{names.path}/{job.slug}")).status != 200:
            return None
        shown = expect(await self.entity(kind, job.slug), 200).body
        texts: list[dict[str, Any]] = shown.get(names.texts, [])
        query = {names.text_id_member: str(texts[0]["id"]), "locale": job.locale or ""}
        body = expect(await self.entity(kind, job.slug, **query), 200).body
        return WrittenText.model_validate(
            {"id": job.text_id, "locale": body.get("short_locale"), "text": body.get(form)}
        )

    async def generate(self, body: Mapping[str, object]) -> tuple[Accepted, ...]:
        """The accepted jobs, one per context tag. A connection that breaks is tried once more under the same
        Idempotency-Key.
        """
        headers = {"Idempotency-Key": f'"{ids.job_id()}"'}
        try:
            answer = await self.call("POST", "/generate", json=dict(body), headers=headers)
        except CliError:
            answer = await self.call("POST", "/generate", json=dict(body), headers=headers)
        expect(answer, 202)
        return answer.read(AcceptedMany).jobs if "jobs" in answer.body else (answer.read(Accepted),)

    async def refresh(self, kind: EntityKind, slug: str) -> Refreshed | Accepted:
        """The refreshed facts, or the job when it takes longer than the gateway waits."""
        answer = await self.call(
            "POST",
            f"/{KINDS[kind].path}/{slug}/refresh",
            headers={"Prefer": f"wait={_REFRESH_WAIT_S}"},
            timeout=_REFRESH_WAIT_S + 5,
        )
        return expect(answer, 200, 202).read(Refreshed if answer.status == 200 else Accepted)

    async def job(self, job_id: str) -> Job:
        return expect(await self.call("GET", f"/jobs/{job_id}"), 200).read(Job)

    async def transitions(self, job_id: str, *, within_s: float) -> AsyncIterator[Transition]:
        """Every transition once and in order, stored ones first, until the terminal one.

        Resumes after a broken connection with Last-Event-ID. Raises `CliError` after `within_s` seconds.
        """
        last = 0
        try:
            async with asyncio.timeout(within_s):
                while True:
                    async for transition in self._stream(job_id, last):
                        last = transition.sequence
                        yield transition
                        if transition.status in TERMINAL:
                            return
                    await self._clock.sleep(_RECONNECT_S)
        except TimeoutError as error:
            raise CliError(
                f"job {job_id} was not finished within {within_s:.0f} s", f"Follow it: ./moviemind jobs watch {job_id}"
            ) from error

    async def _stream(self, job_id: str, last: int) -> AsyncIterator[Transition]:
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(last)}
        timeout = httpx.Timeout(10.0, read=_STREAM_SILENCE_S)
        try:
            async with self._client.stream(
                "GET", f"/jobs/{job_id}/events", headers=headers, timeout=timeout
            ) as response:
                if response.status_code != 200:
                    await response.aread()
                    expect(_answer(response), 200)
                async for line in response.aiter_lines():
                    if line.startswith("data:"):
                        yield Transition.model_validate_json(line.removeprefix("data:"))
        except (httpx.ReadError, httpx.ReadTimeout, httpx.RemoteProtocolError):
            return  # the caller resumes
        except httpx.TransportError as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: Exception) -> CliError:
        where = str(self._client.base_url).removesuffix("/").removesuffix("/api/v1")
        why = "no answer in time" if isinstance(error, httpx.TimeoutException) else str(error) or type(error).__name__
        return CliError(
            f"cannot reach {where}: {why}", "Is it running? ./moviemind up starts it, ./moviemind doctor looks."
        )


def expect(answer: Answer, *statuses: int, hints: Mapping[int, str] = _HINTS) -> Answer:
    """`answer` when its status is one of `statuses`. Raises `CliError` with the reason the gateway gives."""
    if answer.status in statuses:
        return answer
    problem = answer.read(Problem)
    fields = "; ".join(f"{name}: {' '.join(messages)}" for name, messages in problem.errors.items())
    reason = fields or problem.detail or problem.title or "no reason given"
    near = ", ".join(str(item.get("slug")) for item in problem.suggested_slugs)
    hint = f"Did you mean: {near}?" if near else hints.get(answer.status, "")
    raise CliError(f"the gateway answered {answer.status}: {reason}", hint)


def _answer(response: httpx.Response) -> Answer:
    try:
        body = _OBJECT.validate_json(response.content)
    except ValidationError:
        body = {}  # no body, or not one of ours: the status says enough
    return Answer(response.status_code, body, response.headers)
