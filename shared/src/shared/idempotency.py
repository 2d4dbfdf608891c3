"""`Idempotency-Key`: its grammar and the fingerprint that tells a repetition from a reuse."""

import hashlib
import re
from typing import Any

import orjson

_KEY = re.compile(r"[A-Za-z0-9_\-:.]{8,255}")


def parse_key(header: str) -> str | None:
    """The key named by the header, or None when it is malformed. `abc` and the structured-field string `"abc"` name the same key."""
    value = header.strip()
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = value[1:-1]
    return value if _KEY.fullmatch(value) else None


def fingerprint(method: str, path: str, query: str, body: Any) -> str:
    """SHA-256 over method, path, query and the canonical JSON of `body`; headers are no part of it."""
    canonical = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    digest = hashlib.sha256()
    for part in (method.encode(), path.encode(), query.encode(), canonical):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()
