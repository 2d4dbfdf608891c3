"""What became of a detail read, as a response."""

from typing import Any, assert_never

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway.http import conditional
from gateway.http.failures import suggestion_body
from gateway.http.job_documents import POLL_AGAIN_S
from gateway.http.links import API, Links
from gateway.http.messages import plural, say
from gateway.http.problems import Problem, quota_exceeded
from gateway.http.requests import context_of
from gateway.ports import Answer, OverBudget
from gateway.read_ports import Wanted
from gateway.usecases.read_entity import (
    Ambiguous,
    Former,
    NoSuchText,
    NotACandidate,
    NotFound,
    Outcome,
    Queued,
    Refused,
    Shown,
)
from shared.catalog import Missing, OtherYear, Several
from shared.entities import KINDS, Candidate, EntityKind
from shared.jobs import Suggestion

MOVED = "public, max-age=60"
_MORE_FACTS = {EntityKind.MOVIE: ("director",), EntityKind.PERSON: ("birthplace",)}
"""Members of an option that a search hit does not tell."""


def respond(request: Request, links: Links, kind: EntityKind, wanted: Wanted, outcome: Outcome) -> Response:
    """The response of `outcome`; raises the problem that it is."""
    match outcome:
        case Shown():
            return show(request, kind, wanted, outcome)
        case Former(slug):
            query = f"?{request.url.query}" if request.url.query else ""
            location = f"{API}/{KINDS[kind].path}/{slug}{query}"
            return Response(status_code=301, headers={"Location": location, "Cache-Control": MOVED})
        case Queued(answer):
            return accepted(answer)
        case Ambiguous(slug, several):
            return _choices(request, links, kind, slug, several)
        case OverBudget(retry_after_s):
            raise quota_exceeded("anonymous-generation", retry_after_s)
        case NoSuchText() | Refused() | NotFound() | NotACandidate():
            raise _problem(kind, outcome)
    assert_never(outcome)


def show(request: Request, kind: EntityKind, wanted: Wanted, outcome: Shown) -> Response:
    """200 or 304, with the canonical address when another one was asked for."""
    headers = {"Content-Location": _address(kind, outcome.slug, wanted)} if outcome.slug is not None else {}
    return conditional.respond(request, outcome.shown, headers)


def accepted(answer: Answer) -> Response:
    """202: the job is committed, and readable at `Location`."""
    headers = {"Cache-Control": "no-store", "Retry-After": str(POLL_AGAIN_S)}
    if answer.location:
        headers["Location"] = answer.location
    return Response(orjson.dumps(answer.body), answer.status, headers, "application/json")


def option_body(kind: EntityKind, slug: str, candidate: Candidate, links: Links) -> dict[str, Any]:
    """One of several matches."""
    names = KINDS[kind]
    return {
        "slug": slug,
        names.title: candidate.title,
        names.year: candidate.year,
        **dict.fromkeys(_MORE_FACTS.get(kind, ())),
        "overview": candidate.overview,
        "select_url": links.entity(kind, slug),
    }


def _choices(request: Request, links: Links, kind: EntityKind, slug: str, several: Several) -> Response:
    language = context_of(request).language
    options = [
        option_body(kind, option, candidate, links)
        for option, candidate in zip(several.slugs, several.candidates, strict=True)
    ]
    body = {
        "error": f"Multiple {plural(kind)} found",
        "message": say(language, "several-found"),
        "slug": slug,
        "options": options,
        "count": len(options),
        "hint": say(language, "several-hint"),
    }
    headers = {"Cache-Control": "no-store", "Content-Language": language}
    return Response(orjson.dumps(body), 300, headers, "application/json")


def _address(kind: EntityKind, slug: str, wanted: Wanted) -> str:
    names = KINDS[kind]
    asked = {"locale": wanted.locale, names.text_id_member: wanted.text_id}
    query = "&".join(f"{name}={value}" for name, value in asked.items() if value is not None)
    return f"{API}/{names.path}/{slug}" + (f"?{query}" if query else "")


def _problem(kind: EntityKind, outcome: NoSuchText | Refused | NotFound | NotACandidate) -> Problem:
    slug = _shown(outcome.slug)
    values, members = {"slug": slug}, {"slug": slug}
    match outcome:
        case NoSuchText(text_id):
            return Problem("text-not-found", kind=kind, values=values | {"text_id": str(text_id)}, members=members)
        case Refused(_, reason, confidence):
            return Problem(
                "invalid-slug", values=values, members=members | {"confidence": confidence, "reason": reason}
            )
        case NotACandidate():
            return Problem("selection-not-found", kind=kind, values=values, members=members)
        case NotFound(_, OtherYear() as other):
            return _year_mismatch(kind, slug, other)
        case NotFound(_, Missing(near) as missing) if near:
            suggested = [
                suggestion_body(Suggestion(slug=option, title=candidate.title, year=candidate.year), kind)
                for option, candidate in zip(missing.slugs, near, strict=True)
            ]
            return Problem(
                "entity-not-found", kind=kind, values=values, members=members | {"suggested_slugs": suggested}
            )
        case NotFound():
            return entity_not_found(kind, slug)
    assert_never(outcome)


def entity_not_found(kind: EntityKind, slug: str) -> Problem:
    shown = _shown(slug)
    return Problem("entity-not-found", kind=kind, values={"slug": shown}, members={"slug": shown})


def _year_mismatch(kind: EntityKind, slug: str, other: OtherYear) -> Problem:
    known = other.candidate
    return Problem(
        "year-mismatch",
        kind=kind,
        values={"asked": slug, "title": known.title, "year": known.year, "asked_year": other.requested_year},
        members={"slug": slug, "found": {KINDS[kind].title: known.title, "year": known.year}},
    )


def _shown(slug: str) -> str:
    """As much of a caller's slug as is repeated to it."""
    return slug[:255].encode("utf-8", "replace").decode("utf-8")
