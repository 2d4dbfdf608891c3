"""The switch, the budget and the metrics of AI calls over HTTP, as the commands use them: every failure is a `CliError`."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any

from moviemind.api import Api, expect
from moviemind.api_models import Document

_HINTS = {
    401: "Name the gateway's ADMIN_API_TOKEN with --admin-token or MOVIEMIND_ADMIN_TOKEN.",
    503: "A part of the system is down: ./moviemind doctor",
}


class Switch(Document):
    stopped: bool
    stopped_at: datetime | None
    stopped_by: str | None
    reason: str | None


class Book(Document):
    calls: int
    refused_calls: int
    reserved_usd: float
    spent_usd: float
    limit_calls: int | None
    limit_usd: float | None


class CallerBook(Book):
    caller: str


class Budget(Document):
    day: date
    renews_at: datetime
    total: Book
    callers: tuple[CallerBook, ...]


class AiNow(Document):
    switch: Switch
    budget: Budget


class Rows(Document):
    """The answer of a metric."""

    data: tuple[dict[str, Any], ...]


class AiApi:
    """One gateway, as its operator."""

    def __init__(self, api: Api, token: str | None) -> None:
        self._api = api
        self._headers = {"X-Admin-Token": token} if token else {}

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, token: str | None) -> AsyncGenerator["AiApi"]:
        async with Api.open(url, None) as api:
            yield cls(api, token)

    async def now(self) -> AiNow:
        answer = await self._api.call("GET", "/admin/ai", headers=self._headers)
        return expect(answer, 200, hints=_HINTS).read(AiNow)

    async def switch(self, action: str, reason: str) -> Switch:
        """`action` is `stop` or `resume`."""
        answer = await self._api.call("POST", f"/admin/ai/{action}", json={"reason": reason}, headers=self._headers)
        return expect(answer, 200, hints=_HINTS).read(Switch)

    async def metrics(self, report: str, query: Mapping[str, str]) -> tuple[dict[str, Any], ...]:
        """The rows of one report; the first member of each is what it is about."""
        answer = await self._api.call("GET", f"/admin/ai-metrics/{report}", params=query, headers=self._headers)
        return expect(answer, 200, hints=_HINTS).read(Rows).data
