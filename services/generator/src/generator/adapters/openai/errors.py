"""What a provider's error means. Bodies differ from provider to provider, and from one version to the next; statuses and codes less.

Sources: OpenAI, https://platform.openai.com/docs/guides/error-codes; Azure,
https://learn.microsoft.com/azure/ai-foundry/openai/concepts/content-filter; OpenRouter,
https://openrouter.ai/docs/api/reference/errors-and-debugging; vLLM, `vllm/entrypoints/openai/protocol.py`; Ollama, `openai/openai.go`;
llama.cpp, `tools/server`. `tests/unit/generator/openai/published*.py` hold bodies of each.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, cast

from openai import APIStatusError

from shared import http

MAX_READ = 64 * 1024
"""Characters of an error body that are looked at."""
LONGEST_WISH_S = 86_400.0


class Meaning(StrEnum):
    """What follows from an error. A call of the meanings `SCHEMA` and `MODEL` was turned away before any model read it."""

    SCHEMA = "the provider takes no schema for this model"
    MODEL = "the provider has no such model"
    KEY = "the provider takes no call with this key"
    THROTTLED = "the provider throttled the call"
    CONTENT = "the provider's content filter refused the call"
    BROKEN = "the provider failed"
    REFUSED = "the provider refused the call"
    UNREACHABLE = "the connection to the provider failed"
    UNREADABLE = "the provider's answer has no known form"
    LATE = "the provider gave no whole answer in time"


@dataclass(frozen=True, slots=True)
class Problem:
    """An error, understood. `status` is 0 where there was none. Holds nothing that the provider said."""

    meaning: Meaning
    status: int = 0
    retry_after_s: float | None = None

    @property
    def sentence(self) -> str:
        return f"{self.meaning}: status {self.status}" if self.status else str(self.meaning)


_KEY_CODES = frozenset(
    {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "account_deactivated"}
)
_MODEL_CODES = frozenset({"model_not_found", "deploymentnotfound", "model_not_available", "unsupported_model"})
_CONTENT_CODES = frozenset(
    {"content_filter", "content_policy_violation", "invalid_prompt", "responsibleaipolicyviolation"}
)
_BROKEN_CODES = frozenset({"server_error", "internal_error", "vector_store_timeout"})
_UNREAD = frozenset({400, 404, 422})
_SCHEMA_WORDS = re.compile(
    r"response_format|json_schema|text\.format|invalid schema|structured.?outputs?|guided_json|grammar"
    r"|no endpoints found that (?:can handle|support)",
    re.IGNORECASE,
)
_SCHEMA_WORDS_OF_500 = re.compile(
    r"validation error.{0,500}response_format|invalid json schema", re.IGNORECASE | re.DOTALL
)
"""llama-cpp-python and Ollama answer 500 to a schema that they do not take, before any model reads it."""
_MODEL_WORDS = re.compile(
    r"model\b.{0,300}?\b(?:not found|does not exist|not exist|not a valid model|not available|has been deprecated|decommissioned)"
    r"|not a valid model|no endpoints found for|no allowed providers",
    re.IGNORECASE | re.DOTALL,
)
_CONTENT_WORDS = re.compile(r"ResponsibleAIPolicyViolation|content management policy|flagged_input", re.IGNORECASE)
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|h|m|s)")
_UNIT_S = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def of_status(error: APIStatusError) -> Problem:
    """The problem behind an answer with an error status."""
    headers = cast("Mapping[str, str]", error.response.headers)
    return _understood(error.status_code, error.response.text[:MAX_READ], _codes(error.body), retry_after_s(headers))


def of_body(error: Mapping[str, Any], headers: Mapping[str, str]) -> Problem:
    """The problem behind an error inside an answer of status 200: OpenRouter's `error`, the responses API's `failed`."""
    code = error.get("code")
    status = code if isinstance(code, int) and 400 <= code <= 599 else 0
    codes = _codes(error)
    if "rate_limit_exceeded" in codes:
        status = 429
    return _understood(status or 502, json.dumps(error)[:MAX_READ], codes, retry_after_s(headers))


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """The provider's wish in seconds, at most a day.

    `retry-after-ms` is the finer form of `retry-after`. Without either it is the time until the exhausted limit has room again, in OpenAI's
    durations (`6m0s`, `120ms`) or as OpenRouter's moment in milliseconds since 1970.
    """
    milliseconds = headers.get("retry-after-ms", "")
    if milliseconds.isdecimal() and len(milliseconds) < 12:
        return min(int(milliseconds) / 1000, LONGEST_WISH_S)
    wish = http.Answer(429, headers, b"").retry_after_s
    if wish is not None:
        return wish
    resets = [
        left
        for kind in ("-requests", "-tokens", "")
        if headers.get(f"x-ratelimit-remaining{kind}") == "0"
        and (left := _until_s(headers.get(f"x-ratelimit-reset{kind}", ""), headers.get("date", ""))) is not None
    ]
    return min(max(resets), LONGEST_WISH_S) if resets else None


def _until_s(value: str, date: str) -> float | None:
    if re.fullmatch(r"\d{13}", value):
        try:
            return max(int(value) / 1000 - parsedate_to_datetime(date).timestamp(), 0.0)
        except (TypeError, ValueError):
            return None
    if re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", value):
        return float(value)
    if not re.fullmatch(rf"(?:{_DURATION.pattern})+", value):
        return None
    return sum(float(amount) * _UNIT_S[unit] for amount, unit in _DURATION.findall(value))


def _codes(body: object) -> frozenset[str]:
    """The machine-readable words of an error body, in lower case."""
    if not isinstance(body, dict):
        return frozenset()
    error = cast("dict[str, object]", body)
    inner = error.get("innererror")
    inner_code = cast("dict[str, object]", inner).get("code") if isinstance(inner, dict) else None
    return frozenset(
        word.lower() for word in (error.get("code"), error.get("type"), inner_code) if isinstance(word, str)
    )


def _understood(status: int, text: str, codes: frozenset[str], wish_s: float | None) -> Problem:
    return Problem(_meaning(status, text, codes), status, wish_s)


def _meaning(status: int, text: str, codes: frozenset[str]) -> Meaning:
    if codes & _CONTENT_CODES or (status in {400, 403} and _CONTENT_WORDS.search(text)):
        return Meaning.CONTENT
    if codes & _KEY_CODES or status == 402:
        return Meaning.KEY
    if (status in _UNREAD and _SCHEMA_WORDS.search(text)) or (status == 500 and _SCHEMA_WORDS_OF_500.search(text)):
        return Meaning.SCHEMA
    if codes & _MODEL_CODES or (status in {400, 404} and _MODEL_WORDS.search(text)):
        return Meaning.MODEL
    if status in {401, 403}:
        return Meaning.KEY
    if status == 429:
        return Meaning.THROTTLED
    if status in {408, 409, 424, 425} or status >= 500 or codes & _BROKEN_CODES:
        return Meaning.BROKEN
    return Meaning.REFUSED
