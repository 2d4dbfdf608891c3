"""Errors as providers send them, with where they were published. Names of people and projects are shortened, nothing else.

A body that is a string is sent as it stands.
"""

from dataclasses import dataclass, field
from typing import Any

from generator.adapters.openai.errors import Meaning

_QUOTA = (
    "For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors."
)
_FILTERED = "The response was filtered due to the prompt triggering Azure OpenAI's content management policy."


@dataclass(frozen=True, slots=True)
class Published:
    name: str
    source: str
    meaning: Meaning
    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict[str, str])
    retry_after_s: float | None = None


def openai_error(message: str, kind: str, param: str | None = None, code: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


READ = (
    Published(
        "openai_bad_key",
        "https://platform.openai.com/docs/guides/error-codes",
        Meaning.KEY,
        401,
        openai_error(
            "Incorrect API key provided: sk-in***lid. You can find your API key at https://platform.openai.com/account/api-keys.",
            "invalid_request_error",
            None,
            "invalid_api_key",
        ),
    ),
    Published(
        "openai_no_quota",
        "https://github.com/OpenHands/OpenHands/issues/998",
        Meaning.KEY,
        429,
        openai_error(
            f"You exceeded your current quota, please check your plan and billing details. {_QUOTA}",
            "insufficient_quota",
            None,
            "insufficient_quota",
        ),
    ),
    Published(
        "openrouter_no_credit",
        "https://github.com/babikov/doka-site/issues/7",
        Meaning.KEY,
        402,
        {
            "error": {
                "message": "This request requires more credits, or fewer max_tokens. You requested up to 65536 tokens, but can only "
                "afford 10114. To increase, visit https://openrouter.ai/settings/credits and upgrade to a paid account",
                "code": 402,
                "metadata": {"provider_name": None},
            },
            "user_id": "user_",
        },
    ),
    Published(
        "openai_too_many_requests",
        "https://platform.openai.com/docs/guides/rate-limits, headers of its table",
        Meaning.THROTTLED,
        429,
        openai_error(
            "Rate limit reached for gpt-4o-mini on requests per min (RPM): Limit 500, Used 500, Requested 1.",
            "requests",
            None,
            "rate_limit_exceeded",
        ),
        {
            "x-ratelimit-remaining-requests": "0",
            "x-ratelimit-reset-requests": "1s",
            "x-ratelimit-remaining-tokens": "149984",
            "x-ratelimit-reset-tokens": "6m0s",
        },
        1.0,
    ),
    Published(
        "azure_content_filter",
        "https://learn.microsoft.com/azure/ai-foundry/openai/concepts/content-filter",
        Meaning.CONTENT,
        400,
        {
            "error": {
                "code": "content_filter",
                "message": _FILTERED,
                "param": "prompt",
                "type": None,
                "status": 400,
                "innererror": {
                    "code": "ResponsibleAIPolicyViolation",
                    "content_filter_result": {
                        "hate": {"filtered": True, "severity": "high"},
                        "self_harm": {"filtered": False, "severity": "safe"},
                        "sexual": {"filtered": False, "severity": "safe"},
                        "violence": {"filtered": False, "severity": "safe"},
                    },
                },
            }
        },
    ),
    Published(
        "openrouter_moderation",
        "https://openrouter.ai/docs/api/reference/errors-and-debugging, ModerationErrorMetadata",
        Meaning.CONTENT,
        403,
        {
            "error": {
                "code": 403,
                "message": "Your chosen model requires moderation and your input was flagged",
                "metadata": {
                    "reasons": ["violence"],
                    "flagged_input": "…",
                    "provider_name": "OpenAI",
                    "model_slug": "openai/gpt-4o-mini",
                },
            }
        },
    ),
    Published(
        "vllm_too_long",
        "https://github.com/harbor-framework/harbor/pull/996",
        Meaning.REFUSED,
        400,
        openai_error(
            "You passed 1015 input tokens and requested 10 output tokens. However, the model's context length is only 1024 tokens, "
            "resulting in a maximum input length of 1014 tokens. Please reduce the length of the input prompt.",
            "BadRequestError",
            "input_tokens",
        ),
    ),
    Published(
        "openrouter_raw_other",
        "https://github.com/diegosouzapw/OmniRoute/issues/3044",
        Meaning.REFUSED,
        400,
        {
            "error": {
                "message": "Provider returned error",
                "code": 400,
                "metadata": {
                    "raw": '{"error":{"type":"invalid_request_error","code":"invalid_request_error","message":"Model '
                    "'moonshotai/kimi-k2.6' supports at most 1 image per prompt.\"}}",
                    "provider_name": "Crucible",
                    "is_byok": False,
                },
            }
        },
    ),
    Published(
        "openai_overloaded",
        "https://platform.openai.com/docs/guides/error-codes",
        Meaning.BROKEN,
        503,
        openai_error("The engine is currently overloaded, please try again later", "server_error"),
    ),
    Published(
        "cloudflare_bad_gateway",
        "https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors",
        Meaning.BROKEN,
        502,
        "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>",
    ),
)
