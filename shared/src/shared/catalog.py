"""What looking a slug up in the catalogue can answer. Pure values; `shared.tmdb.catalog` produces them."""

from dataclasses import dataclass

from shared import slugs
from shared.entities import Candidate, Facts


@dataclass(frozen=True, slots=True)
class Found:
    """Exactly one entity is meant, and it exists."""

    facts: Facts


@dataclass(frozen=True, slots=True)
class Several:
    """2..10 entities fit equally, newest first, then the more popular. `others` fit too, but are too many to be offered."""

    candidates: tuple[Candidate, ...]
    others: tuple[Candidate, ...] = ()

    @property
    def slugs(self) -> tuple[str, ...]:
        """The slug to ask for each candidate by, in their order: numbered among all that fit, as a lookup counts them."""
        return slugs.option_slugs((*self.candidates, *self.others))[: len(self.candidates)]


@dataclass(frozen=True, slots=True)
class OtherYear:
    """The title exists, but not in the year that the slug names; `candidate` has the closest one."""

    candidate: Candidate
    requested_year: int


@dataclass(frozen=True, slots=True)
class Missing:
    """Nothing of that name exists; `near` holds at most 5 similar entities, best first."""

    near: tuple[Candidate, ...] = ()

    @property
    def slugs(self) -> tuple[str, ...]:
        """The slug to ask for each near match by, in their order."""
        return slugs.option_slugs(self.near)


Lookup = Found | Several | OtherYear | Missing
