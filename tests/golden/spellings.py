"""Spellings of one title or person, and of two."""

import tomllib
from pathlib import Path

from pydantic import BaseModel


class Pairs(BaseModel):
    """Pairs that mean one, and pairs that mean two."""

    same: list[tuple[str, str]]
    other: list[tuple[str, str]]


class Spellings(BaseModel):
    titles: Pairs
    people: Pairs


SPELLINGS = Spellings.model_validate(
    tomllib.loads((Path(__file__).parent / "data" / "spellings.toml").read_text("utf-8"))
)
