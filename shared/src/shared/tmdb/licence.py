"""What TMDb's terms allow."""

from datetime import datetime, timedelta

MAX_AGE = timedelta(days=180)
"""No content of TMDb is kept for more than six months (https://www.themoviedb.org/api-terms-of-use)."""


def may_be_served(fetched_at: datetime, now: datetime) -> bool:
    """Whether a snapshot taken at `fetched_at` may still be stored and shown."""
    return now - fetched_at < MAX_AGE
