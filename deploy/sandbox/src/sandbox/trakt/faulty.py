"""False answers of Trakt: titles that nobody matched, titles without a name."""

from typing import Any

from sandbox.shape import as_list, as_object

_WRAPPED = ("show", "movie")


def spoil(body: Any, kind: str) -> Any:
    """`body` with the fault `kind` in every title; unknown kinds change nothing."""
    entries = as_list(body)
    if entries is not None:
        return [spoil(entry, kind) for entry in entries]
    entry = as_object(body)
    if entry is None:
        return body
    wrapped = {name: spoil(entry[name], kind) for name in _WRAPPED if name in entry}
    if wrapped or "ids" not in entry:
        return {**entry, **wrapped}
    if kind == "no_ids":
        ids = {name: value if name in {"trakt", "slug"} else None for name, value in entry["ids"].items()}
        return {**entry, "ids": ids}
    return {**entry, "title": None} if kind == "null_title" else entry
