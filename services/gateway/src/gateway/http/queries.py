"""Query parameters: an empty value counts as absent, unknown parameters are ignored, and every wrong one is named at once."""

import re
from collections.abc import Callable, Collection
from typing import TypeVar
from uuid import UUID

from starlette.datastructures import QueryParams

from gateway.http.problems import invalid

T = TypeVar("T")
MAX_ITEMS = 50
_INTEGER = re.compile(r"-?[0-9]{1,16}")


class Query:
    """Reads one parameter after the other; `check` raises `invalid-request` for all that were wrong."""

    def __init__(self, parameters: QueryParams) -> None:
        self._parameters = parameters
        self._errors: dict[str, list[str]] = {}

    def one(self, name: str) -> str | None:
        """The last value that is not blank, trimmed."""
        return next((value for item in reversed(self._parameters.getlist(name)) if (value := item.strip())), None)

    def parsed(self, name: str, parse: Callable[[str], T]) -> T | None:
        """The value as `parse` reads it; its ValueError is the sentence for the caller."""
        value = self.one(name)
        try:
            return None if value is None else parse(value)
        except ValueError as error:
            self.wrong(name, str(error))
            return None

    def identifier(self, name: str) -> UUID | None:
        return self.parsed(name, _uuid)

    def integer(self, name: str, lowest: int, highest: int) -> int | None:
        """An integer between two inclusive bounds."""

        def parse(value: str) -> int:
            if not _INTEGER.fullmatch(value) or not lowest <= int(value) <= highest:
                raise ValueError(f"Must be a whole number from {lowest} to {highest}.")
            return int(value)

        return self.parsed(name, parse)

    def choice(self, name: str, options: Collection[str]) -> str | None:
        return self.parsed(name, _one_of(options))

    def text(self, name: str, longest: int) -> str | None:
        """Up to `longest` code points without NUL."""

        def parse(value: str) -> str:
            if len(value) > longest or "\x00" in value:
                raise ValueError(f"Must be 1 to {longest} characters without NUL.")
            return value

        return self.parsed(name, parse)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of `a=x,y`, `a=x&a=y` and `a[]=x&a[]=y`."""
        sent = [*self._parameters.getlist(name), *self._parameters.getlist(f"{name}[]")]
        return tuple(value for item in sent for part in item.split(",") if (value := part.strip()))

    def many(self, name: str, options: Collection[str] | None = None) -> tuple[str, ...]:
        """The distinct values of a list parameter; repeated ones count for the limit."""
        named = self.all(name)
        if len(named) > MAX_ITEMS:
            self.wrong(name, f"At most {MAX_ITEMS} values.")
        values = tuple(dict.fromkeys(named[:MAX_ITEMS]))
        for value in values if options is not None else ():
            try:
                _one_of(options or ())(value)
            except ValueError as error:
                self.wrong(name, str(error))
                break
        return values

    def check(self) -> None:
        if self._errors:
            raise invalid(self._errors)

    def wrong(self, name: str, sentence: str) -> None:
        """Note what is wrong with a parameter, for `check`."""
        self._errors.setdefault(name, []).append(sentence)


def _uuid(value: str) -> UUID:
    try:
        if len(value) == 36:
            return UUID(value)
    except ValueError:
        pass
    raise ValueError("Must be a UUID.")


def _one_of(options: Collection[str]) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in options:
            raise ValueError(f"Must be one of {', '.join(options)}.")
        return value

    return parse
