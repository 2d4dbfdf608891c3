"""Error answers as the providers send them. Where a body is not in a provider's reference, its source is beside it.

OpenAI's codes: https://platform.openai.com/docs/guides/error-codes
"""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

from sandbox import wire
from sandbox.faults import Fault


class ApiError(Exception):
    """An error answer. Its body is OpenAI's `{"error": {"message", "type", "param", "code"}}`, or `body` where that is given."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | int | None = None,
        param: str | None = None,
        kind: str = "invalid_request_error",
        body: dict[str, Any] | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.body = body or {"error": {"message": message, "type": kind, "param": param, "code": code}}
        self.headers = dict(headers or {})

    @property
    def raw(self) -> str:
        """The body as the text that went over the wire."""
        return self.body if isinstance(self.body, str) else orjson.dumps(self.body).decode()

    def response(self, headers: Mapping[str, str]) -> Response:
        """The answer itself."""
        merged = {**headers, **self.headers}
        if isinstance(self.body, str):
            return Response(self.body, self.status, merged, "text/html; charset=UTF-8")
        return wire.json_response(self.body, self.status, merged)


def no_key() -> ApiError:
    """No API key at all."""
    return ApiError(
        401,
        "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth "
        "(i.e. Authorization: Bearer YOUR_KEY).",
    )


def bad_key() -> ApiError:
    """An API key that nobody has."""
    return ApiError(
        401,
        "Incorrect API key provided: sk-in***lid. You can find your API key at https://platform.openai.com/account/api-keys.",
        code="invalid_api_key",
    )


def unknown_model(name: str) -> ApiError:
    """A model that is not offered."""
    return ApiError(404, f"The model `{name}` does not exist or you do not have access to it.", code="model_not_found")


def no_schema(kind: str = "json_schema", param: str = "response_format") -> ApiError:
    """A model without structured outputs (web-infra-dev/midscene#259, mrwadams/stride-gpt#19)."""
    guide = " Learn more about supported models at the Structured Outputs guide: https://platform.openai.com/docs/guides/structured-outputs"
    return ApiError(
        400,
        f"Invalid parameter: '{param}' of type '{kind}' is not supported with this model."
        + (guide if kind == "json_schema" else ""),
        param=param,
    )


def throttled(model: str, unit: str, limit: int, used: int, requested: int, wait: str) -> ApiError:
    """Too many `requests` or `tokens` in a minute (openai/codex#88)."""
    short = {"requests": "RPM", "tokens": "TPM"}[unit]
    return ApiError(
        429,
        f"Rate limit reached for {model} in organization org-sandbox on {unit} per min ({short}): Limit {limit}, "
        f"Used {used}, Requested {requested}. Please try again in {wait}. "
        "Visit https://platform.openai.com/account/rate-limits to learn more.",
        kind=unit,
        code="rate_limit_exceeded",
    )


def scripted(fault: Fault, model: str, *, api: str = "chat") -> ApiError | None:
    """The error answer a fault asks for; null when the fault is of another kind."""
    if fault.kind == "error":
        return _by_status(fault.status, model)
    if fault.kind == "cloudflare":
        return cloudflare(max(fault.status, 502))
    if fault.kind == "no_schema":
        return _SCHEMA_REFUSALS[fault.variant](api)
    makers = {
        "throttle": lambda: throttled(model, "requests", 500, 500, 1, "120ms"),
        "quota": insufficient_quota,
        "country": unsupported_country,
        "model_not_found": lambda: unknown_model(model),
        "context_length": lambda: context_length(api),
        "prompt_filter": invalid_prompt,
        "overloaded": overloaded,
    }
    return makers[fault.kind]() if fault.kind in makers else None


def _by_status(status: int, model: str) -> ApiError:
    makers = {
        401: bad_key,
        403: unsupported_country,
        404: lambda: unknown_model(model),
        429: lambda: throttled(model, "requests", 500, 500, 1, "120ms"),
        502: _cloudflare_json,
        503: overloaded,
        529: _anthropic_overloaded,
    }
    if status in makers:
        return makers[status]()
    if status < 500:
        return ApiError(status, "The request was refused by a scripted fault.", code="sandbox_fault")
    return ApiError(
        status, "The server had an error while processing your request. Sorry about that!", kind="server_error"
    )


def insufficient_quota() -> ApiError:
    """The account has no money left: status 429, but no wait helps."""
    return ApiError(
        429,
        "You exceeded your current quota, please check your plan and billing details. For more information on this error, "
        "read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.",
        kind="insufficient_quota",
        code="insufficient_quota",
    )


def unsupported_country() -> ApiError:
    """A caller from a country that is not served (home-assistant/core#120072)."""
    return ApiError(
        403,
        "Country, region, or territory not supported",
        kind="request_forbidden",
        code="unsupported_country_region_territory",
    )


def context_length(api: str = "chat") -> ApiError:
    """A prompt that is too long (chat: AsyncFuncAI/deepwiki-open#144; responses: maximhq/bifrost#4413)."""
    chat = (
        "This model's maximum context length is 128000 tokens. However, your messages resulted in 173172 tokens. "
        "Please reduce the length of the messages."
    )
    responses = "Your input exceeds the context window of this model. Please adjust your input and try again."
    message, param = (chat, "messages") if api == "chat" else (responses, "input")
    return ApiError(400, message, param=param, code="context_length_exceeded")


def invalid_prompt() -> ApiError:
    """A prompt that OpenAI's moderation stops (modelcontextprotocol/servers#4031)."""
    return ApiError(
        400,
        "Invalid prompt: your prompt was flagged as potentially violating our usage policy. Please try again with a different "
        "prompt: https://platform.openai.com/docs/guides/reasoning#advice-on-prompting",
        code="invalid_prompt",
    )


def overloaded() -> ApiError:
    """No capacity: 503 in the table of the guide, with the body of waylaidwanderer/node-chatgpt-api#34."""
    return ApiError(
        503,
        "That model is currently overloaded with other requests. You can retry your request, or contact us through our help "
        "center at help.openai.com if the error persists.",
        kind="server_error",
    )


def _anthropic_overloaded() -> ApiError:
    """https://docs.claude.com/en/api/errors: 529 is Anthropic's own status."""
    body = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    return ApiError(529, "Overloaded", body=body)


def _cloudflare_json() -> ApiError:
    """stanfordnlp/dspy#203, headers and body."""
    body = {"error": {"code": 502, "message": "Bad gateway.", "param": None, "type": "cf_bad_gateway"}}
    return ApiError(502, "Bad gateway.", body=body, headers={"server": "cloudflare", "cf-ray": "81f306648c6ab0ed-ATL"})


def cloudflare(status: int) -> ApiError:
    """A page of the proxy before OpenAI: 502 as in n3d1117/chatgpt-telegram-bot#637, the others as in n8n-io/n8n#18275."""
    if status == 502:
        page = (
            "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
            "<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n"
        )
    else:
        reason = {520: "Web server is returning an unknown error", 524: "A timeout occurred"}.get(status, "Error")
        page = (
            f'<!DOCTYPE html>\n<html class="no-js" lang="en-US">\n<head>\n<title>api.openai.com | {status}: {reason}</title>\n'
            '<meta charset="UTF-8" />\n</head>\n<body>\n<div id="cf-wrapper">\n<h1><span class="inline-block">'
            f'{reason}</span> <span class="code-label">Error code {status}</span></h1>\n</div>\n</body>\n</html>\n'
        )
    return ApiError(status, "cloudflare", body=page, headers={"server": "cloudflare", "cf-ray": "81f306648c6ab0ed-ATL"})


def _vllm(_: str) -> ApiError:
    """vLLM, whose `code` is the status (`ErrorInfo` of vllm/entrypoints/openai; text of its xgrammar backend)."""
    message = "The provided JSON schema contains features not supported by xgrammar."
    return ApiError(400, message, kind="BadRequestError", code=400)


def _ollama(_: str) -> ApiError:
    """Ollama's `format` refused by its server (`invalid JSON schema in format` of ollama/llm/server.go)."""
    return ApiError(500, "invalid JSON schema in format", kind="api_error")


def _lm_studio(_: str) -> ApiError:
    """LM Studio, whose `error` is a sentence (bhimrazy/receipt-ocr#20)."""
    message = "'response_format.json_schema.schema' must be an object"
    return ApiError(400, message, body={"error": message})


def _deepseek(_: str) -> ApiError:
    """DeepSeek, which knows `json_object` only, and does not name the parameter."""
    return ApiError(400, "This response_format type is unavailable now", code="invalid_request_error")


def _openai(api: str) -> ApiError:
    return no_schema(param="response_format" if api == "chat" else "text.format")


_SCHEMA_REFUSALS = {"openai": _openai, "vllm": _vllm, "ollama": _ollama, "lm_studio": _lm_studio, "deepseek": _deepseek}
