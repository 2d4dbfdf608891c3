"""`Prefer` (RFC 7240): `respond-async` and `wait=N`; everything else is ignored."""

from collections.abc import Iterable
from dataclasses import dataclass

MAX_WAIT_S = 30


@dataclass(frozen=True, slots=True)
class Preferences:
    """`wait_s` is 1..30; None when no usable `wait` was sent."""

    wait_s: int | None = None
    respond_async: bool = False

    def applied(self, *, waited: bool) -> str | None:
        """The value of `Preference-Applied`; None when nothing was honoured."""
        honoured = ["respond-async"] if self.respond_async else []
        if waited and self.wait_s is not None:
            honoured.append(f"wait={self.wait_s}")
        return ", ".join(honoured) or None


def parse(headers: Iterable[str]) -> Preferences:
    """The preferences in all `Prefer` headers of a request. Of a repeated preference the first counts (RFC 7240 section 2)."""
    found: dict[str, str] = {}
    for item in ",".join(headers).split(",")[:32]:
        name, _, value = item.partition(";")[0].partition("=")
        found.setdefault(name.strip().lower(), value.strip().strip('"'))
    wait = found.get("wait", "")
    seconds = int(wait) if wait.isascii() and wait.isdigit() and len(wait) <= 9 else 0
    return Preferences(min(seconds, MAX_WAIT_S) or None, "respond-async" in found)
