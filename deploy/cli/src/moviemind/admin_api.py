"""Administration over HTTP as the commands use it: every call bounded, every failure a `CliError`."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from moviemind.api import Answer, Api, expect
from moviemind.api_models import Document
from shared import ids

PAGE = 100
_PATH = "/admin/dead-letters"
_HINTS = {
    401: "Name the gateway's ADMIN_API_TOKEN with --admin-token or MOVIEMIND_ADMIN_TOKEN.",
    404: "See what there is: ./moviemind dead list --status open",
    409: "What happened to it: ./moviemind dead show ID",
    503: "A part of the system is down: ./moviemind doctor",
}


class Letter(Document):
    id: str
    queue: str
    origin: str
    event_id: str | None
    event_type: str | None
    job_id: str | None
    reason: str
    attempts: int
    parked_at: datetime
    replayed_at: datetime | None
    purged_at: datetime | None


class LetterContent(Letter):
    detail: str
    job_status: str | None
    replayable: bool
    payload: Any
    headers: dict[str, str]


class Pagination(Document):
    total: int


class LetterPage(Document):
    data: tuple[Letter, ...]
    pagination: Pagination


class Sent(Document):
    """The answer to the replay of one letter."""

    id: str
    event_id: str
    job_status: str | None


class Replayed(Document):
    replayed: int


class Purged(Document):
    purged: int


class AdminApi:
    """One gateway, as its operator."""

    def __init__(self, api: Api, token: str | None) -> None:
        self._api = api
        self._headers = {"X-Admin-Token": token} if token else {}

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, token: str | None) -> AsyncGenerator["AdminApi"]:
        async with Api.open(url, None) as api:
            yield cls(api, token)

    async def letters(self, limit: int, **filters: str | None) -> LetterPage:
        """The newest letters, at most `limit` of them."""
        query = {name: value for name, value in filters.items() if value}
        page = await self._page(query, 1, min(limit, PAGE))
        found = list(page.data)
        while len(found) < min(limit, page.pagination.total):
            more = (await self._page(query, len(found) // PAGE + 1, PAGE)).data
            if not more:
                break
            found += more
        return LetterPage(data=tuple(found[:limit]), pagination=page.pagination)

    async def letter(self, letter_id: str) -> LetterContent:
        return expect(await self._call("GET", f"/{letter_id}"), 200, hints=_HINTS).read(LetterContent)

    async def replay(self, letter_id: str) -> Sent:
        return expect(await self._post(f"/{letter_id}/replay", {}), 202, hints=_HINTS).read(Sent)

    async def replay_all(self, total: int, **which: str | None) -> int:
        """Replay `total` letters in as many requests as it takes; letters of messages that fail again are not chased for ever."""
        body, done = {name: value for name, value in which.items() if value}, 0
        while done < total:
            answer = expect(await self._post("/replay", body), 202, hints=_HINTS)
            replayed = answer.read(Replayed).replayed
            if not replayed:
                break
            done += replayed
        return done

    async def purge(self, letter_id: str) -> None:
        expect(await self._call("DELETE", f"/{letter_id}"), 204, hints=_HINTS)

    async def purge_all(self, queue: str, before: str) -> int:
        """Purge every letter of `queue` that was parked before that time."""
        done = 0
        while True:
            answer = expect(await self._post("/purge", {"queue": queue, "before": before}), 200, hints=_HINTS)
            purged = answer.read(Purged).purged
            if not purged:
                return done
            done += purged

    async def _page(self, query: Mapping[str, str], number: int, size: int) -> LetterPage:
        parameters = {**query, "page": str(number), "per_page": str(size)}
        return expect(await self._call("GET", "", params=parameters), 200, hints=_HINTS).read(LetterPage)

    async def _post(self, path: str, body: Mapping[str, object]) -> Answer:
        return await self._call("POST", path, json=dict(body), headers={"Idempotency-Key": str(ids.job_id())})

    async def _call(self, method: str, path: str, **options: Any) -> Answer:
        headers = {**self._headers, **options.pop("headers", {})}
        return await self._api.call(method, f"{_PATH}{path}", headers=headers, **options)
