"""Every error answer: one shape (RFC 9457), from one registry, in the reader's language."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway.http.languages import Language
from gateway.http.messages import kind_name, plural, say
from gateway.http.requests import RequestContext, context_of
from shared.entities import KINDS, EntityKind
from shared.errors import Unavailable

MEDIA_TYPE = "application/problem+json"
_OURS = "urn:moviemind:problem:"
_IANA = "https://iana.org/assignments/http-problem-types#"


@dataclass(frozen=True, slots=True)
class Registered:
    """One kind of problem. `error` is the short English string that the oldest clients read."""

    status: int
    error: str
    iana_title: str | None = None


REGISTRY: Mapping[str, Registered] = MappingProxyType(
    {
        "malformed-json": Registered(400, "Bad request"),
        "idempotency-key-invalid": Registered(400, "Bad request"),
        "invalid-slug": Registered(400, "Invalid slug format"),
        "unauthenticated": Registered(401, "Unauthorized"),
        "forbidden": Registered(403, "Forbidden"),
        "feature-not-available": Registered(403, "Feature not available"),
        "proxy-secret-invalid": Registered(403, "Invalid proxy secret"),
        "edge-token-required": Registered(403, "Forbidden"),
        "not-found": Registered(404, "Not found"),
        "entity-not-found": Registered(404, "{label} not found"),
        "year-mismatch": Registered(404, "{label} not found"),
        "text-not-found": Registered(404, "{text} not found for {one}"),
        "selection-not-found": Registered(404, "Selected {one} not found in search results"),
        "snapshot-not-found": Registered(404, "No TMDb snapshot found for this {one}"),
        "collection-not-found": Registered(404, "Collection not found"),
        "no-results": Registered(404, "No {many} found"),
        "job-not-found": Registered(404, "Job not found"),
        "method-not-allowed": Registered(405, "Method not allowed"),
        "conflict": Registered(409, "Conflict"),
        "idempotency-key-in-use": Registered(409, "Conflict"),
        "job-already-finished": Registered(409, "Conflict"),
        "payload-too-large": Registered(413, "Payload too large"),
        "unsupported-media-type": Registered(415, "Unsupported media type"),
        "invalid-request": Registered(422, "Validation failed"),
        "idempotency-key-reused": Registered(422, "Validation failed"),
        "quota-exceeded": Registered(
            429, "Too many requests", "Request cannot be satisfied as assigned quota has been exceeded"
        ),
        "internal-error": Registered(500, "Internal server error"),
        "upstream-failed": Registered(502, "Failed to refresh {one} data from TMDb"),
        "dependency-unavailable": Registered(503, "Service unavailable"),
        "temporary-reduced-capacity": Registered(
            503, "Service unavailable", "Request cannot be satisfied due to temporary server capacity constraints"
        ),
    }
)


class Problem(Exception):
    """An answer of status 400 or above.

    `name` is a key of the registry, `message` a key of the message table (by default the same), `values` fill its sentence, `members` are
    the extension members of the body. With `kind`, `{kind}` in the sentence and the short `error` speak of that kind.
    """

    def __init__(
        self,
        name: str,
        *,
        message: str | None = None,
        kind: EntityKind | None = None,
        values: Mapping[str, object] = MappingProxyType({}),
        members: Mapping[str, Any] = MappingProxyType({}),
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(name)
        self.name = name
        self.message = message or name
        self.kind = kind
        self.values = values
        self.members = members
        self.headers = headers

    @property
    def status(self) -> int:
        return REGISTRY[self.name].status

    def body(self, context: RequestContext) -> dict[str, Any]:
        """The document, in the language of `context`."""
        detail = self._detail(context.language)
        instance = f"urn:uuid:{context.request_id}"
        return self.example() | {"detail": detail, "instance": instance, "message": detail, **self.members}

    def example(self) -> dict[str, Any]:
        """The members that every occurrence shares."""
        registered = REGISTRY[self.name]
        return {
            "type": f"{_IANA if registered.iana_title else _OURS}{self.name}",
            "title": registered.iana_title or self.name.replace("-", " ").capitalize().replace(" json", " JSON"),
            "status": registered.status,
            "error": registered.error.format(**_english(self.kind)) if self.kind else registered.error,
        }

    def _detail(self, language: Language) -> str:
        values = dict(self.values)
        if self.kind:
            values |= {"kind": kind_name(language, self.kind), **_english(self.kind)}
        return say(language, self.message, **values)


def respond(problem: Problem, context: RequestContext) -> Response:
    """The response of `problem` for the request of `context`."""
    headers = {"Cache-Control": "no-store", "Content-Language": context.language, **problem.headers}
    if problem.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="moviemind"'
    return Response(orjson.dumps(problem.body(context)), problem.status, headers, MEDIA_TYPE)


async def on_problem(request: Request, error: Exception) -> Response:
    """Exception handler for `Problem`."""
    assert isinstance(error, Problem)  # noqa: S101 (registered for this class only)
    return respond(error, context_of(request))


async def on_unavailable(request: Request, error: Exception) -> Response:
    """Exception handler for `Unavailable`: 503 with the dependency and when to come back."""
    assert isinstance(error, Unavailable)  # noqa: S101 (registered for this class only)
    return respond(unavailable(error.dependency, error.retry_after_s), context_of(request))


def invalid(errors: Mapping[str, list[str]]) -> Problem:
    """422: dotted names of the fields and what is wrong with each."""
    message = "one-invalid" if len(errors) == 1 else "many-invalid"
    return Problem("invalid-request", message=message, values={"count": len(errors)}, members={"errors": errors})


def job_not_found(job_id: str) -> Problem:
    """404; earlier clients read `status` as the state of the job, so it is a string here."""
    shown = job_id[:255]
    return Problem("job-not-found", values={"job_id": shown}, members={"job_id": shown, "status": "UNKNOWN"})


def unavailable(dependency: str, retry_after_s: int) -> Problem:
    return Problem(
        "dependency-unavailable",
        values={"dependency": dependency},
        members={"dependency": dependency, "retry_after": retry_after_s},
        headers={"Retry-After": str(retry_after_s)},
    )


def quota_exceeded(policy: str, retry_after_s: int) -> Problem:
    """429: `policy` is used up, and for how long."""
    return Problem(
        "quota-exceeded",
        values={"policy": policy, "seconds": retry_after_s},
        members={"violated-policies": [policy], "retry_after": retry_after_s},
        headers={"Retry-After": str(retry_after_s)},
    )


def _english(kind: EntityKind) -> dict[str, str]:
    names = KINDS[kind]
    return {
        "label": names.label,
        "one": kind_name(Language.EN, kind),
        "many": plural(kind),
        "text": names.text.capitalize(),
    }
