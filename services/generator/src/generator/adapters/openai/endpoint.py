"""The endpoint as configured, and the connection to it."""

import logging
from dataclasses import dataclass
from typing import Literal

import httpx2
from openai import AsyncAzureOpenAI, AsyncOpenAI
from pydantic import SecretStr

from generator.adapters.bounded_transport import BoundedTransport

MAX_BODY_BYTES = 1024 * 1024
MAX_OUTPUT_TOKENS = 4096
"""Room for the longest text in any locale and for a reasoning model's thoughts; a bound on what one call can cost."""
CONNECT_S = 5.0
NO_KEY = "none"
"""What is sent for an empty key: the SDK insists on one, and servers without keys ignore it."""

Dialect = Literal["openai", "openrouter", "compatible"]
Api = Literal["chat", "responses"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to ask, and how.

    `dialect` is `openrouter` for its model list and headers, `compatible` for servers that know `max_tokens` only. With an `api_version`
    the endpoint is Azure's dated API: the key goes into `api-key` and the model into the path, as the deployment; Azure's v1 API
    (`https://….openai.azure.com/openai/v1`) is plain `openai`. `app_url` and `app_title` name this application to OpenRouter.
    """

    base_url: str
    api_key: SecretStr
    api: Api = "chat"
    dialect: Dialect = "openai"
    api_version: str | None = None
    app_url: str | None = None
    app_title: str | None = None
    max_output_tokens: int = MAX_OUTPUT_TOKENS

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries. Answers in the identity encoding have on the wire the size they have in memory."""
        named = {"HTTP-Referer": self.app_url, "X-Title": self.app_title} if self.dialect == "openrouter" else {}
        return {"Accept-Encoding": "identity"} | {name: value for name, value in named.items() if value}

    @property
    def provider(self) -> str:
        """The provider's name in OpenTelemetry's GenAI conventions."""
        return "azure.ai.openai" if self.api_version else self.dialect


def connect(endpoint: Endpoint, *, connections: int, transport: httpx2.AsyncBaseTransport | None = None) -> AsyncOpenAI:
    """A client that never retries, because every retry is a decision of the job, and follows no redirect.

    Opens no connection yet. Silences the debug lines of the SDK and of its transport: they show prompts.
    """
    for name in ("openai", "httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)
    limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
    inner = transport or httpx2.AsyncHTTPTransport(limits=limits, trust_env=False)
    http = httpx2.AsyncClient(
        transport=BoundedTransport(inner, MAX_BODY_BYTES),
        headers=endpoint.headers,
        follow_redirects=False,
        trust_env=False,
    )
    key = endpoint.api_key.get_secret_value() or NO_KEY
    if endpoint.api_version:
        return AsyncAzureOpenAI(
            azure_endpoint=endpoint.base_url,
            api_version=endpoint.api_version,
            api_key=key,
            max_retries=0,
            http_client=http,
        )
    return AsyncOpenAI(base_url=endpoint.base_url, api_key=key, max_retries=0, http_client=http)


def timeouts(deadline_s: float) -> httpx2.Timeout:
    """No phase of a request outlives the call; the total deadline is the caller's."""
    return httpx2.Timeout(deadline_s, connect=min(CONNECT_S, deadline_s))
