"""The body of `POST /api/v1/generate` as a peer reads it."""

from pydantic import BaseModel


class Generate(BaseModel):
    entity_type: str
    slug: str
    locale: str = "en-US"
    context_tag: str | None = None
