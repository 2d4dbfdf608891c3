"""`POST /api/v1/generate`."""

from collections.abc import Sequence
from uuid import UUID

import orjson
from fastapi import APIRouter, Request, Response

from gateway.http import bodies, prefer
from gateway.http.documentation import GENERATE, documented
from gateway.http.generation_body import GenerationBody, generation_of
from gateway.http.idempotency import key_of
from gateway.http.job_documents import POLL_AGAIN_S, finished_answer
from gateway.http.links import Links
from gateway.http.principal import Identify
from gateway.http.problems import Problem, invalid, quota_exceeded
from gateway.http.requests import context_of, while_connected
from gateway.ports import Accepted, Answer, Flags, IdempotencyKey, KeyInUse, KeyReused, OverBudget, Replayed
from gateway.usecases.request_generation import GenerationRequest, Implausible, RequestGeneration, UnknownEntity
from gateway.usecases.wait_for_job import WaitForJob
from shared import slugs
from shared.clock import Clock
from shared.entities import KINDS, STYLE_PACKS, Locale


def router(
    *,
    identify: Identify,
    request_generation: RequestGeneration,
    wait_for_job: WaitForJob,
    flags: Flags,
    links: Links,
    clock: Clock,
) -> APIRouter:
    router = APIRouter(prefix="/api/v1", tags=["Generation"])
    outcome = _Outcomes(request_generation, flags, clock)

    @router.post("/generate", summary="Ask for a text", **documented(GENERATE))
    async def generate(request: Request) -> Response:
        """Ask for a text about a movie, person, TV series or TV show.

        The job and its event are committed before the answer. The same key and body always name the same jobs; without a key one
        active job per identity is shared by everyone who asks.
        """
        raw = await bodies.read(request)
        principal = await identify.required(request)
        data = bodies.parse(raw)
        body, key = generation_of(data), key_of(request, data)
        job_ids, answer, headers = _told(await outcome(body, principal.caller, key), body)
        return await waited(request, job_ids, answer, headers)

    async def waited(request: Request, job_ids: Sequence[UUID], answer: Answer, headers: dict[str, str]) -> Response:
        """The acceptance, or the jobs themselves when the caller prefers to wait and all of them end in time."""
        preferences = prefer.parse(request.headers.getlist("prefer"))
        applied, language = False, context_of(request).language
        if preferences.wait_s is not None:
            seen = await while_connected(request, wait_for_job(job_ids, preferences.wait_s))
            applied = seen.applied
            if len(seen.jobs) == len(job_ids) and all(job.status.terminal for job in seen.jobs):
                answer = finished_answer(answer, seen.jobs, links, language)
        if honoured := preferences.applied(waited=applied):
            headers["Preference-Applied"] = honoured
        if answer.status == 200:
            headers["Content-Language"] = language
        else:
            headers["Retry-After"] = str(POLL_AGAIN_S)
        if answer.location is not None:
            headers["Content-Location" if answer.status == 200 else "Location"] = answer.location
        return Response(orjson.dumps(answer.body), answer.status, headers, "application/json")

    return router


Outcome = Accepted | Replayed | KeyReused | KeyInUse | UnknownEntity | Implausible | OverBudget


class _Outcomes:
    """What becomes of a body; of a request that was answered before, the answer stands whatever has changed since."""

    def __init__(self, request_generation: RequestGeneration, flags: Flags, clock: Clock) -> None:
        self._request_generation = request_generation
        self._flags = flags
        self._clock = clock

    async def __call__(self, body: GenerationBody, caller: str, key: IdempotencyKey | None) -> Outcome:
        """Raises `feature-not-available`, `invalid-request` and `invalid-slug` for what was never accepted."""
        try:
            self._check_feature(body)
            wanted = _wanted(body, caller, key, self._clock.now().year)
        except Problem:
            known = await self._request_generation.replay(caller, key)
            if known is None:
                raise
            return known
        return await self._request_generation(wanted)

    def _check_feature(self, body: GenerationBody) -> None:
        if not self._flags.enabled(flag := KINDS[body.entity_type].flag):
            raise Problem("feature-not-available", values={"flag": flag}, members={"flag": flag})
        closed = STYLE_PACKS.intersection(body.tags)
        if closed and not self._flags.enabled("description_style_packs"):
            raise invalid({"context_tag": [f"Unknown context tag '{tag}'." for tag in sorted(closed)]})


def _told(outcome: Outcome, body: GenerationBody) -> tuple[Sequence[UUID], Answer, dict[str, str]]:
    """The jobs, the answer about them, and the headers that say where it comes from."""
    match outcome:
        case Accepted(jobs=jobs, answer=answer):
            return [job.job_id for job in jobs], answer, {}
        case Replayed(job_ids=job_ids, answer=answer):
            return job_ids, answer, {"Idempotent-Replayed": "true"}
        case KeyReused():
            raise Problem("idempotency-key-reused")
        case KeyInUse():
            raise Problem("idempotency-key-in-use", headers={"Retry-After": "1"})
        case UnknownEntity():
            raise Problem(
                "entity-not-found", kind=body.entity_type, values={"slug": body.name}, members={"slug": body.name}
            )
        case Implausible(slug=slug, confidence=confidence):
            raise _invalid_slug(slug, confidence, "implausible")
        case OverBudget(retry_after_s):
            raise quota_exceeded("anonymous-generation", retry_after_s)


def _wanted(body: GenerationBody, caller: str, key: IdempotencyKey | None, this_year: int) -> GenerationRequest:
    """Raises `invalid-slug` for what cannot be a slug."""
    kind, stored_id = body.entity_type, body.stored_id
    try:
        slug = slugs.normalise(body.name)
    except slugs.SlugError as error:
        raise _invalid_slug(body.name, 0.0, error.reason) from None
    return GenerationRequest(
        kind=kind,
        slug=slug,
        requested_slug=slug,
        locale=body.locale or Locale.EN,
        form=body.form or KINDS[kind].form,
        caller=caller,
        confidence=1.0 if stored_id else slugs.plausibility(kind, slug, this_year).confidence,
        context_tags=body.tags,
        force=body.force,
        key=key,
        entity_id=stored_id,
    )


def _invalid_slug(slug: str, confidence: float, reason: str) -> Problem:
    members = {"slug": slug, "confidence": confidence, "reason": reason}
    return Problem("invalid-slug", values={"slug": slug[:100]}, members=members)
