"""What the clients sent and what they were told: the first witness."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Post:
    """One request for a job, with a key of its own. `status` is None while it is open, and when no answer came."""

    key: str
    path: str
    body: Mapping[str, Any] | None
    status: int | None = None
    job_ids: tuple[str, ...] = ()
    error: str = ""

    @property
    def acknowledged(self) -> bool:
        return self.status is not None and self.status < 300

    @property
    def refused(self) -> bool:
        """The caller was told that there will be no job, for good."""
        return self.status is not None and 400 <= self.status < 500 and self.status not in {409, 429}

    @property
    def outcome(self) -> str:
        return str(self.status) if self.status is not None else self.error


@dataclass(slots=True)
class Ledger:
    """Everything the clients of one run did. `broken` are sentences about answers that should not have been given."""

    posts: list[Post] = field(default_factory=list[Post])
    cancelled: set[str] = field(default_factory=set[str])
    others: Counter[str] = field(default_factory=Counter[str])
    broken: list[str] = field(default_factory=list[str])

    def of(self, *, acknowledged: bool) -> Iterator[Post]:
        return (post for post in self.posts if post.acknowledged is acknowledged)

    @property
    def acknowledged(self) -> int:
        return sum(1 for _ in self.of(acknowledged=True))

    @property
    def outcomes(self) -> Counter[str]:
        """How many requests ended in which way."""
        return Counter(post.outcome for post in self.posts)
