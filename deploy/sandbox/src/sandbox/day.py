"""The date of the sandbox. What moves from day to day is computed from a title and a date, so a date shows the same thing always."""

import datetime as dt
from collections.abc import Callable

from sandbox.shape import as_text

EPOCH = dt.date(2026, 1, 1)
"""The day of which the packaged facts are."""
LAST = dt.date(2099, 12, 31)


class DayError(ValueError):
    """A day that the sandbox cannot be at."""


def _machine() -> dt.date:
    return dt.datetime.now(dt.UTC).date()  # noqa: TID251 -- the sandbox imports nothing of ours, the Clock port neither


class Day:
    """The date of the machine in UTC until another is set."""

    def __init__(self, machine: Callable[[], dt.date] = _machine) -> None:
        self._machine = machine
        self._set: dt.date | None = None

    @property
    def is_set(self) -> bool:
        """Whether somebody chose the date."""
        return self._set is not None

    @property
    def today(self) -> dt.date:
        """The date it is: what people watch and what is on the air is of this day."""
        return self._set or self._machine()

    @property
    def facts(self) -> dt.date:
        """The date of TMDb's facts: they stand still until a day is set, so that a demonstration shows the same tomorrow."""
        return self._set or EPOCH

    def set(self, wanted: object) -> None:
        """Goes to an ISO 8601 date or `+n` days on; DayError outside of 2026 to 2099 or when it is neither."""
        text = as_text(wanted) or ""
        try:
            on = text.removeprefix("+")
            day = (
                self.today + dt.timedelta(int(on))
                if text == f"+{on}" and on.isdecimal()
                else dt.date.fromisoformat(text)
            )
        except (ValueError, OverflowError) as error:
            raise DayError("'date' has to be a date like 2026-03-01, or a number of days like +1.") from error
        if not EPOCH <= day <= LAST:
            raise DayError(f"'date' has to be from {EPOCH} to {LAST}.")
        self._set = day

    def clear(self) -> None:
        """Back to the date of the machine."""
        self._set = None
