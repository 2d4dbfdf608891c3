"""Absolute URLs, built from the configured public base URL and never from request headers."""

from dataclasses import dataclass
from urllib.parse import quote
from uuid import UUID

from shared.entities import KINDS, EntityKind

API = "/api/v1"


def job_path(job_id: UUID) -> str:
    """The path of a job, as used in `Location`."""
    return f"{API}/jobs/{job_id}"


@dataclass(frozen=True, slots=True)
class Links:
    """`public_base_url` has no trailing slash."""

    public_base_url: str

    def path(self, path: str) -> str:
        return f"{self.public_base_url}{path}"

    def job(self, job_id: UUID) -> dict[str, str]:
        """Members `self`, `events` and `cancel`."""
        own = self.path(job_path(job_id))
        return {"self": own, "events": f"{own}/events", "cancel": f"{own}/cancel"}

    def entity(self, kind: EntityKind, slug: str) -> str:
        return self.path(f"{API}/{KINDS[kind].path}/{quote(slug)}")
