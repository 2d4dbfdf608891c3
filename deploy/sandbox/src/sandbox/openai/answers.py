"""What the model answers: a true text, or the one a fault asks for."""

import re
from dataclasses import replace

import orjson

from sandbox.faults import Fault
from sandbox.openai.completion import Completion, limited
from sandbox.openai.protocol import ApiError, ChatRequest
from sandbox.shape import as_list, as_object
from sandbox.texts.order import LOCALES, Facts, Order, read_order
from sandbox.texts.writer import write

LONG_BYTES = 100 * 1024
SHORT_TEXT = "Ok."
HTML = '<script>alert("sandbox")</script><img src=x onerror="alert(1)"><a href="https://example.com/">…</a> '
REFUSAL = "I'm sorry, but I can't help with that request."
WRONG_NAME = "Alan Smithee"
GENERIC = "This is an answer of the sandbox, which writes real texts only for requests it understands."
OBEYED = "CANARY-OBEYED"
_COMMAND = re.compile(
    r"(?:reply|answer|respond|write|say|output|print)\b(?: only)?(?: with)?:?\s+(.{1,200})", re.IGNORECASE
)


class Model:
    """Answers chat requests. The same request gets the same answer; only the fault `repeat` looks back."""

    def __init__(self) -> None:
        self._last = GENERIC

    def complete(self, request: ChatRequest, fault: Fault | None) -> Completion:
        """The completion; ApiError for faults that are error answers. Only the fault `long` breaks the token limit."""
        kind = fault.kind if fault else ""
        if fault and kind in {"throttle", "error"}:
            raise _error(request, fault)
        if kind == "refusal":
            return Completion(None, refusal=REFUSAL)
        if kind == "content_filter":
            return Completion("", "content_filter")
        if kind == "empty":
            return Completion("")
        if kind == "malformed":
            return Completion("Sure! Here is the text you asked for: {exists: yes, text")
        exists, text = self._say(read_order(request.texts), kind)
        content = _shaped(request, exists=exists, text=text)
        if kind == "truncate":
            return Completion(content[: max(1, len(content) * 2 // 3)], "length")
        return Completion(content) if kind == "long" else limited(Completion(content), request.max_tokens)

    def _say(self, order: Order | None, kind: str) -> tuple[bool, str]:
        if order is None:
            return True, GENERIC
        if order.facts is None or kind == "not_found":
            return False, ""
        last, text = self._last, _spoiled(order, order.facts, kind)
        self._last = text
        return True, last if kind == "repeat" else text


def _spoiled(order: Order, facts: Facts, kind: str) -> str:
    if kind == "wrong_language":
        return write(replace(order, locale=LOCALES[(LOCALES.index(order.locale) + 1) % len(LOCALES)]), facts)
    if kind == "wrong_year":
        return write(order, replace(facts, year=_other_year(facts.year), birth_date=_other_date(facts.birth_date)))
    if kind == "wrong_director":
        return write(order, replace(facts, directors=(WRONG_NAME,), creators=(WRONG_NAME,)))
    if kind == "copy_overview" and facts.overview:
        return facts.overview
    if kind == "short":
        return SHORT_TEXT
    text = write(order, facts)
    if kind == "html":
        return HTML + text
    if kind == "long":
        return (text + " ") * (LONG_BYTES // len(text.encode()) + 1)
    if kind == "injected":
        return f"{_obeyed(facts)} {text}"
    return text


def _obeyed(facts: Facts) -> str:
    command = _COMMAND.search(f"{facts.overview or ''} {facts.title}")
    return command.group(1) if command else OBEYED


def _other_year(year: int | None) -> int:
    return 1953 if year is None else year + 7


def _other_date(date: str | None) -> str:
    return f"{_other_year(int(date[:4]) if date else None)}-01-28"


def _shaped(request: ChatRequest, *, exists: bool, text: str) -> str:
    if request.response_format == "text":
        return text
    properties = as_object(request.schema.get("properties")) or {}
    if not properties or {"exists", "text"} <= properties.keys():
        return orjson.dumps({"exists": exists, "text": text}).decode()
    return orjson.dumps({name: _value(schema, text) for name, schema in properties.items()}).decode()


def _value(value: object, text: str, depth: int = 5) -> object:
    schema = as_object(value) or {}
    kinds = as_list(schema.get("type")) or [schema.get("type")]
    choices = as_list(schema.get("enum"))
    if choices:
        return choices[0]
    if kinds[0] == "object" and depth:
        members = as_object(schema.get("properties")) or {}
        return {name: _value(inner, text, depth - 1) for name, inner in members.items()}
    plain: dict[str, object] = {"string": text, "boolean": True, "integer": 0, "number": 0, "array": []}
    return plain.get(str(kinds[0]))


def _error(request: ChatRequest, fault: Fault) -> ApiError:
    if fault.kind == "throttle":
        return ApiError(
            429,
            f"Rate limit reached for {request.model} in organization org-sandbox on requests per min (RPM): "
            "Limit 500, Used 500, Requested 1. Please try again later. "
            "Visit https://platform.openai.com/account/rate-limits to learn more.",
            kind="requests",
            code="rate_limit_exceeded",
        )
    if fault.status >= 500:
        return ApiError(
            fault.status,
            "The server had an error while processing your request. Sorry about that!",
            kind="server_error",
        )
    if fault.status == 401:
        return ApiError(401, "Incorrect API key provided.", code="invalid_api_key")
    return ApiError(fault.status, "The request was refused by a scripted fault.", code="sandbox_fault")
