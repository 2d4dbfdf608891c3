"""The steps of the tour. Each shows one promise and checks it."""

import asyncio
from pathlib import Path

from pydantic import BaseModel

from moviemind.api import Answer, Api, expect
from moviemind.api_models import Accepted, Job, Refreshed, WrittenText
from moviemind.demo.report import Report
from moviemind.demo.sandbox import Sandbox
from moviemind.spans import Span, job_trace, services
from moviemind.waterfall import compacted, waterfall
from shared.clock import Clock
from shared.entities import KINDS, EntityKind

JOB_WITHIN_S = 20.0
TRACE_WITHIN_S = 8.0
MATRIX, MATRIX_ID = "the-matrix-1999", 603
NEW_GENRES = ["Action", "Science Fiction", "Thriller"]
TRACED = {"gateway", "generator", "cache-invalidator"}
_POLISH = frozenset("ąćęłńóśźż")
_POLL_S = 0.1


class _Selected(BaseModel):
    selected_description: WrittenText


class Tour:
    """One walk through a running system with an empty database."""

    def __init__(self, api: Api, sandbox: Sandbox, traces: Path, report: Report, clock: Clock) -> None:
        self._api = api
        self._sandbox = sandbox
        self._traces = traces
        self._report = report
        self._clock = clock

    async def run(self) -> None:
        """All steps. Raises `CliError` when the system stops answering; facts that do not hold are in the report."""
        await self.first_read()
        polish = await self.another_language()
        await self.biography()
        await self.two_requests_one_job()
        await self.refresh()
        await self.show_trace(polish)

    async def first_read(self) -> None:
        self._report.step(f"The first read of a film nobody asked for before: GET /movies/{MATRIX}")
        job = await self._read_until_written(EntityKind.MOVIE, MATRIX)
        text = await self._api.text_of(job)
        self._report.text(f"The Matrix ({text.locale}, {text.context_tag})", text.text)
        self._report.check("the text is in en-US", holds=text.locale == "en-US", found=text.locale)

    async def another_language(self) -> Job:
        self._report.step("The same film in Polish: POST /generate, written from scratch and not translated")
        (accepted,) = await self._api.generate({"entity_type": "MOVIE", "slug": MATRIX, "locale": "pl-PL"})
        job = await self._follow(accepted)
        text = await self._api.text_of(job)
        self._report.text(f"The Matrix ({text.locale}, {text.context_tag})", text.text)
        polish = text.locale == "pl-PL" and bool(_POLISH & set(text.text))
        self._report.check("the text is Polish", holds=polish, found=f"{text.locale}: {text.text[:60]}")
        answer = await self._api.entity(EntityKind.MOVIE, MATRIX, locale="pl-PL")
        selected = answer.read(_Selected).selected_description.id
        self._report.check("GET ?locale=pl-PL selects it", holds=selected == text.id, found=selected)
        calls = await self._sandbox.calls("openai", "The Matrix")
        locales = [call.locale for call in calls]
        self._report.check(
            "the model was asked once per language",
            holds=sorted(map(str, locales)) == ["en-US", "pl-PL"],
            found=locales,
        )
        return job

    async def biography(self) -> None:
        self._report.step("A person: GET /people/keanu-reeves")
        job = await self._read_until_written(EntityKind.PERSON, "keanu-reeves")
        text = await self._api.text_of(job)
        self._report.text(f"Keanu Reeves ({text.locale})", text.text)
        self._report.check("the biography names him", holds="Reeves" in text.text, found=text.text[:60])

    async def two_requests_one_job(self) -> None:
        self._report.step("Two identical requests while the model is busy: one job, one AI call")
        body = {"entity_type": "MOVIE", "slug": "inception-2010", "locale": "en-US"}
        async with self._sandbox.holding("openai", "Inception"):
            (first,) = await self._api.generate(body)
            held = await self._calls_about("Inception")
            self._report.check(
                "the model has the first request and is thinking", holds=held == 1, found=f"{held} calls"
            )
            (second,) = await self._api.generate(body)
            self._report.line(f"first   {first.job_id}  {first.status}")
            self._report.line(f"second  {second.job_id}  {second.status}")
            same = first.job_id == second.job_id
            self._report.check("the second request joined the first", holds=same, found=second.job_id)
            self._report.check("it was told the stored state", holds=second.status == "PROCESSING", found=second.status)
        await self._follow(first)
        calls = await self._calls_about("Inception")
        self._report.check("the model was asked once", holds=calls == 1, found=f"{calls} calls")

    async def refresh(self) -> None:
        self._report.step(f"The facts change at TMDb: POST /movies/{MATRIX}/refresh")
        before = (await self._api.entity(EntityKind.MOVIE, MATRIX)).body.get("genres")
        await self._sandbox.change("movie", MATRIX_ID, genres=NEW_GENRES)
        self._report.check("the stored facts are still the old ones", holds=before != NEW_GENRES, found=before)
        result = await self._api.refresh(EntityKind.MOVIE, MATRIX)
        answered = isinstance(result, Refreshed)
        self._report.check("the refresh answers when it is done", holds=answered, found=result)
        after = (await self._api.entity(EntityKind.MOVIE, MATRIX)).body.get("genres")
        self._report.line(f"genres  {before}  →  {after}")
        self._report.check(
            "the next read shows the new fact", holds=sorted(after or []) == sorted(NEW_GENRES), found=after
        )

    async def show_trace(self, job: Job) -> None:
        self._report.step("The Polish job's way through the services, one trace")
        spans = await self._trace_of(job.job_id)
        self._report.console.print(waterfall(compacted(spans), self._report.console.width))
        found = services(spans)
        self._report.check(
            f"one trace id spans {', '.join(sorted(TRACED))}", holds=found >= TRACED, found=sorted(found)
        )
        calls = await self._sandbox.calls("openai", "The Matrix")
        carried = [(call.traceparent or "-").split("-")[1] for call in calls if call.locale == "pl-PL"]
        ids = {span.trace_id for span in spans}
        self._report.check("the model was called within that trace", holds=set(carried) == ids, found=carried)

    async def _read_until_written(self, kind: EntityKind, slug: str) -> Job:
        """GET → 202 → follow → GET 200."""
        path = f"GET /{KINDS[kind].path}/{slug}"
        first = await self._api.entity(kind, slug)
        self._report.check(f"{path} answers 202 with a job", holds=first.status == 202, found=_seen(first))
        job = await self._follow(expect(first, 202).read(Accepted))
        second = await self._api.entity(kind, slug)
        self._report.check(f"{path} answers 200", holds=second.status == 200, found=_seen(second))
        return job

    async def _follow(self, accepted: Accepted) -> Job:
        self._report.line(f"job {accepted.job_id}")
        sequences: list[int] = []
        async for transition in self._api.transitions(accepted.job_id, within_s=JOB_WITHIN_S):
            self._report.transition(transition)
            sequences.append(transition.sequence)
        job = await self._api.job(accepted.job_id)
        failure = job.error.message if job.error else job.status
        self._report.check("the job is DONE", holds=job.status == "DONE", found=failure)
        whole = sequences == list(range(1, len(job.transitions) + 1))
        self._report.check("every transition arrived once and in order", holds=whole, found=sequences)
        return job

    async def _calls_about(self, title: str) -> int:
        """How often the model was asked about `title`, once it was asked at all."""
        deadline = self._clock.monotonic() + JOB_WITHIN_S
        while not (calls := await self._sandbox.calls("openai", title)) and self._clock.monotonic() < deadline:
            await self._clock.sleep(_POLL_S)
        return len(calls)

    async def _trace_of(self, job_id: str) -> list[Span]:
        """The job's trace, once all services have written their part of it."""
        deadline = self._clock.monotonic() + TRACE_WITHIN_S
        while True:
            spans = await asyncio.to_thread(job_trace, self._traces, job_id)
            if services(spans) >= TRACED or self._clock.monotonic() > deadline:
                return spans
            await self._clock.sleep(_POLL_S)


def _seen(answer: Answer) -> str:
    return f"{answer.status} {answer.body.get('detail', '')}".strip()
