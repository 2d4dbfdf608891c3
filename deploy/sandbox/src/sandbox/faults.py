"""Scripted faults: which call goes wrong, how, and how often."""

import asyncio
import itertools
from collections.abc import Container
from dataclasses import dataclass, field
from typing import Any

from sandbox.matching import plain
from sandbox.shape import as_number, as_text, as_whole

CAPACITY = 1000
MAX_SECONDS = 3600.0
ANSWERS = frozenset({"none", "throttle", "error", "reset", "drip", "hold", "hang", "malformed", "not_found"})
COMMON = ANSWERS | {"wrong_year", "injected"}
TEXT_MODEL = COMMON | {
    "truncate", "empty", "wrong_language", "wrong_director", "wrong_title", "invented", "html", "copy_overview",
    "near_duplicate", "repeat", "long", "short", "fenced", "refusal", "content_filter", "prompt_filter", "no_schema",
    "failed", "quota", "country", "model_not_found", "context_length", "overloaded", "cloudflare",
}  # fmt: skip
KINDS = {
    "openai": TEXT_MODEL,
    "azure": TEXT_MODEL,
    "openrouter": TEXT_MODEL | {"credits", "error_in_body", "keep_alive"},
    "tmdb": COMMON | {"no_year", "null_title"},
    "trakt": ANSWERS | {"cloudflare", "no_ids", "null_title"},
    "omdb": ANSWERS | {"cloudflare", "quota", "no_ratings"},
}
VARIANTS = ("openai", "vllm", "ollama", "lm_studio", "deepseek")
"""Whose words refuse a schema."""


class FaultError(ValueError):
    """A fault that cannot be scripted: unknown kind, value out of range, or too many of them."""


@dataclass(slots=True)
class Fault:
    """One rule. `remaining` is how many further calls it will hit, null for all of them.

    `none` answers as usual and is for `delay_s`; `variant` is for `no_schema`, which only hits calls that ask for a schema. `hold`
    and `hang` keep a call open until the rule is deleted or the client leaves.
    """

    id: str
    provider: str
    title: str
    kind: str
    remaining: int | None = None
    retry_after_s: float | None = 1.0
    delay_s: float = 0.0
    status: int = 500
    variant: str = "openai"
    hits: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def matches(self, provider: str, titles: set[str], immune: Container[str]) -> bool:
        """Whether the next call of `provider` about one of `titles` (in plain form) goes wrong by this rule."""
        if self.provider != provider or self.remaining == 0 or self.kind in immune:
            return False
        return self.title == "*" or plain(self.title) in titles

    def retry_after(self) -> dict[str, str]:
        """The header that says how long to wait, if the rule has one."""
        return {} if self.retry_after_s is None else {"retry-after": f"{self.retry_after_s:g}"}

    def view(self) -> dict[str, Any]:
        """The rule as the control API shows it."""
        return {
            "id": self.id, "provider": self.provider, "title": self.title, "fault": self.kind,
            "times": self.remaining, "retry_after_s": self.retry_after_s, "delay_s": self.delay_s,
            "status": self.status, "variant": self.variant, "hits": self.hits,
        }  # fmt: skip


class Faults:
    """The rules in the order they were added; the first that matches wins."""

    def __init__(self) -> None:
        self._rules: dict[str, Fault] = {}
        self._ids = itertools.count(1)

    def add(self, body: dict[str, Any]) -> Fault:
        """Adds a rule from its JSON form; FaultError says what is wrong with it."""
        if len(self._rules) >= CAPACITY:
            raise FaultError(f"At most {CAPACITY} faults are kept; delete some first.")
        unknown = body.keys() - {
            "provider", "title", "fault", "times", "retry_after_s", "delay_s", "status", "variant"
        }  # fmt: skip
        if unknown:
            raise FaultError(f"Unknown members: {', '.join(sorted(unknown))}.")
        provider, kind, title = (as_text(body.get(name, "*")) or "" for name in ("provider", "fault", "title"))
        if provider not in KINDS:
            raise FaultError(f"'provider' has to be one of: {', '.join(KINDS)}.")
        if kind not in KINDS[provider]:
            raise FaultError(f"'fault' of {provider} has to be one of: {', '.join(sorted(KINDS[provider]))}.")
        if len(title) > 300 or not (title == "*" or plain(title)):
            raise FaultError("'title' has to be '*' or a title of at most 300 characters.")
        variant = as_text(body.get("variant", VARIANTS[0]))
        if variant not in VARIANTS:
            raise FaultError(f"'variant' has to be one of: {', '.join(VARIANTS)}.")
        fault = Fault(f"fault-{next(self._ids)}", provider, title, kind, variant=variant)
        fault.remaining = _whole(body, "times", 1, 1_000_000)
        fault.retry_after_s = _seconds(body, "retry_after_s", 1.0)
        fault.delay_s = _seconds(body, "delay_s", 0.0) or 0.0
        fault.status = _whole(body, "status", 400, 599) or 500
        self._rules[fault.id] = fault
        return fault

    def take(self, provider: str, titles: set[str], immune: Container[str] = ()) -> Fault | None:
        """The rule that applies to this call, counted as used; null when the call goes well. No kind in `immune` can hit it."""
        for fault in self._rules.values():
            if fault.matches(provider, titles, immune):
                fault.hits += 1
                fault.remaining = None if fault.remaining is None else fault.remaining - 1
                return fault
        return None

    def all(self) -> list[Fault]:
        """Every rule, used up or not."""
        return list(self._rules.values())

    def remove(self, fault_id: str | None = None) -> int:
        """Removes one rule, or all, lets their held calls go on, and says how many rules there were."""
        ids = list(self._rules) if fault_id is None else [fault_id]
        removed = [fault for one in ids if (fault := self._rules.pop(one, None))]
        for fault in removed:
            fault.released.set()
        return len(removed)


def _whole(body: dict[str, Any], name: str, low: int, high: int) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    number = as_whole(value)
    if number is None or not low <= number <= high:
        raise FaultError(f"'{name}' has to be a whole number from {low} to {high}.")
    return number


def _seconds(body: dict[str, Any], name: str, default: float) -> float | None:
    value = body.get(name, default)
    if value is None:
        return None
    seconds = as_number(value)
    if seconds is None or not 0 <= seconds <= MAX_SECONDS:
        raise FaultError(f"'{name}' has to be a number of seconds from 0 to {MAX_SECONDS:g}.")
    return seconds
