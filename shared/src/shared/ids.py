"""Identifiers, one function per purpose.

Version 7 for rows, events and log records (sortable by time), version 4 for jobs, requests and correlation (not guessable), version 5 for
ids that are derived from content (deduplication). A UUID is never a credential: `token()` is.
"""

import secrets
import uuid

import uuid_utils

_NAMESPACE = uuid.UUID("6f3c4a52-5d0e-5c0b-9d55-6d6f7669656d")


def row_id() -> uuid.UUID:
    """A new UUIDv7 for a row, an event or a log record."""
    return uuid.UUID(bytes=uuid_utils.uuid7().bytes)


def job_id() -> uuid.UUID:
    """A new UUIDv4 for a job, a request, a correlation or a lease."""
    return uuid.uuid4()  # noqa: TID251 (this is the port)


def derived_id(*parts: str) -> uuid.UUID:
    """The UUIDv5 of `parts`: equal parts give equal ids, and no part can imitate a boundary between two."""
    return uuid.uuid5(_NAMESPACE, "\x1f".join(part.replace("\x1f", " ") for part in parts))


def token() -> str:
    """32 random bytes as 43 base64url characters."""
    return secrets.token_urlsafe(32)
