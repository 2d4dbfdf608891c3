"""The object that every answer is, whatever its form."""

from pydantic import BaseModel, ConfigDict, ValidationError

from generator.guard.problems import Problem
from generator.ports import Answer

MAX_RAW_LENGTH = 200_000


class Content(BaseModel):
    """What the model wrote, and what it believes it wrote about."""

    model_config = ConfigDict(strict=True, extra="ignore")

    exists: bool
    title: str
    year: int | None
    director: str | None
    text: str


def content_of(answer: Answer) -> Content | Problem:
    """The object in `answer`, else why there is none."""
    if answer.finish_reason == "length":
        return Problem("truncated", "The answer was cut off: write a shorter text.")
    try:
        return Content.model_validate_json(answer.content[:MAX_RAW_LENGTH])
    except ValidationError:
        return Problem("malformed", "The answer was not the JSON object that was asked for.")
