"""`/api/v1/admin/dead-letters`: read, replay and purge what ended without its work."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request, Response

from gateway.admin_ports import NotExact, NotOpen, Order, Repeated, UnknownLetter
from gateway.http import admin_documentation, admin_documents, bodies
from gateway.http.admin_access import AdminAccess, Administrator, Role
from gateway.http.admin_documents import PurgeBody, ReplayBody
from gateway.http.documentation import documented
from gateway.http.idempotency import key_of
from gateway.http.problems import Problem
from gateway.http.validation import NoMembers, validated
from gateway.ports import Answer, KeyInUse, KeyReused, Replayed
from gateway.usecases.purge_dead_letters import PurgeDeadLetters
from gateway.usecases.read_dead_letters import ReadDeadLetters
from gateway.usecases.replay_dead_letters import ReplayDeadLetters

Raw = Annotated[bytes, Depends(bodies.read)]


def router(
    *, access: AdminAccess, read: ReadDeadLetters, replay: ReplayDeadLetters, purge: PurgeDeadLetters
) -> APIRouter:
    router = APIRouter(prefix="/api/v1/admin/dead-letters", tags=["Administration"])
    viewer, operator = Depends(access.require(Role.VIEWER)), Depends(access.require(Role.OPERATOR))

    @router.get("", summary="List dead letters", dependencies=[viewer], **documented(admin_documentation.LIST))
    async def list_letters(request: Request) -> Response:
        """Open ones, or those that were replayed or purged."""
        asked = admin_documents.letter_filter(request.query_params)
        return _json(admin_documents.letter_page(await read.page(asked), asked))

    @router.get("/{letter_id}", summary="Read one", dependencies=[viewer], **documented(admin_documentation.SHOW))
    async def show_letter(letter_id: str) -> Response:
        """With payload and headers, without credentials."""
        found = await read.one(admin_documents.letter_id(letter_id))
        if found is None:
            raise Problem("not-found")
        return _json(admin_documents.content_body(found))

    @router.post("/{letter_id}/replay", summary="Send one again", **documented(admin_documentation.REPLAY))
    async def replay_letter(
        request: Request, letter_id: str, raw: Raw, administrator: Annotated[Administrator, operator]
    ) -> Response:
        """To its own queue, under its own event id: what was done meanwhile is not done again."""
        if raw:
            validated(NoMembers, bodies.parse(raw))
        order = Order(administrator.actor, key_of(request, {}))
        return _answer(await replay.one(admin_documents.letter_id(letter_id), order, admin_documents.replayed_one))

    @router.post("/replay", summary="Send several again", **documented(admin_documentation.REPLAY_MANY))
    async def replay_letters(request: Request, raw: Raw, administrator: Annotated[Administrator, operator]) -> Response:
        """Open ones only, by id, or by queue and reason."""
        body = bodies.parse(raw)
        which = validated(ReplayBody, body).which
        order = Order(administrator.actor, key_of(request, body))
        return _answer(await replay.many(which, order, admin_documents.replayed_many))

    @router.delete("/{letter_id}", summary="Purge one", **documented(admin_documentation.PURGE))
    async def purge_letter(letter_id: str, administrator: Annotated[Administrator, operator]) -> Response:
        """Erase what it says. Repeating it changes nothing."""
        if not await purge.one(admin_documents.letter_id(letter_id), Order(administrator.actor)):
            raise Problem("not-found")
        return Response(status_code=204)

    @router.post("/purge", summary="Purge several", **documented(admin_documentation.PURGE_MANY))
    async def purge_letters(request: Request, raw: Raw, administrator: Annotated[Administrator, operator]) -> Response:
        """What a queue's letters say that were parked before a time."""
        body = bodies.parse(raw)
        wanted, order = validated(PurgeBody, body), Order(administrator.actor, key_of(request, body))
        return _answer(await purge.many(wanted.queue, wanted.before, order, admin_documents.purged_many))

    return router


def _answer(outcome: Answer | Repeated | UnknownLetter | NotOpen | NotExact) -> Response:
    match outcome:
        case Answer():
            return _json(outcome.body, outcome.status)
        case Replayed(answer=stored):
            response = _json(stored.body, stored.status)
            response.headers["Idempotent-Replayed"] = "true"
            return response
        case KeyReused():
            raise Problem("idempotency-key-reused")
        case KeyInUse():
            raise Problem("idempotency-key-in-use", headers={"Retry-After": "1"})
        case UnknownLetter():
            raise Problem("not-found")
        case NotOpen():
            raise Problem("conflict", message="letter-not-open")
        case NotExact():
            raise Problem("conflict", message="letter-not-exact")


def _json(body: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")
