"""The three roots of every expected error.

    MovieMindError
    ├── Transient    the same call may succeed later
    ├── Permanent    it never will
    └── Unavailable  we cannot work at all

`shared.messaging.consume` maps them for messages, the gateway's problem handler for HTTP; nothing else interprets them.
"""

from shared.jobs import Failure, FailureType


class MovieMindError(Exception):
    """Root of the errors that this code raises on purpose."""


class Transient(MovieMindError):
    """The same call may succeed later.

    `retry_after_s` is the provider's own wish and wins over the backoff ladder. `counted` is False when the attempt spent nothing
    (throttled before any work, interrupted): such an attempt is given back.
    """

    def __init__(self, failure: Failure, *, retry_after_s: float | None = None, counted: bool = True) -> None:
        super().__init__(failure.technical_message)
        self.failure = failure
        self.retry_after_s = retry_after_s
        self.counted = counted


class Permanent(MovieMindError):
    """It never will succeed; `failure` is what the caller reads."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.technical_message)
        self.failure = failure


class Unavailable(MovieMindError):
    """A dependency without which nothing can be done is away: `postgres`, `redis`, `rabbitmq`, `tmdb`, `trakt` or `omdb`."""

    def __init__(self, dependency: str, *, retry_after_s: int = 2) -> None:
        super().__init__(f"{dependency} is unavailable")
        self.dependency = dependency
        self.retry_after_s = retry_after_s


class LeaseLost(MovieMindError):
    """Another attempt, a cancellation or a deadline took the job over: whatever this attempt has is discarded."""


class BadMessage(MovieMindError):
    """A delivery that no handler can read; `reason` is one of the registered dead-letter reasons."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def failure(kind: FailureType, technical_message: str) -> Failure:
    """A failure document of `kind` with its registered short message."""
    return Failure(type=kind, technical_message=technical_message)
