"""The sandbox's controls, as far as the tour uses them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict

from moviemind.errors import CliError


class Call(BaseModel):
    """One call that a provider received."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    locale: str | None = None
    traceparent: str | None = None


class _Ledger(BaseModel):
    calls: tuple[Call, ...]


class _Fault(BaseModel):
    id: str


class Sandbox:
    """Raises `CliError` when the sandbox does not answer as agreed."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncGenerator["Sandbox"]:
        async with httpx.AsyncClient(base_url=f"{url}/_sandbox", timeout=5.0, trust_env=False) as client:
            yield cls(client)

    async def calls(self, provider: str, title: str) -> tuple[Call, ...]:
        """The calls of `provider` about `title`, in order."""
        response = await self._send("GET", "/ledger", params={"provider": provider, "title": title})
        return _Ledger.model_validate_json(response.content).calls

    @asynccontextmanager
    async def holding(self, provider: str, title: str) -> AsyncGenerator[None]:
        """Within the block the provider receives calls about `title` and answers none of them; they go on afterwards."""
        response = await self._send("POST", "/faults", json={"provider": provider, "title": title, "fault": "hold"})
        fault = _Fault.model_validate_json(response.content).id
        try:
            yield
        finally:
            await self._send("DELETE", f"/faults/{fault}")

    async def change(self, kind: str, entry_id: int, **members: object) -> None:
        """What TMDb says about one entry from now on."""
        await self._send("PATCH", f"/facts/{kind}/{entry_id}", json=members)

    async def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            response = await self._client.request(method, path, **options)
            return response.raise_for_status()
        except httpx.HTTPError as error:
            raise CliError(f"the sandbox did not do {method} {path}: {error}", "Its log: sandbox.log") from error
