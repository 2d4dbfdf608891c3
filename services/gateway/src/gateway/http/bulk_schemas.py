"""The shapes of the answers to many slugs, for the published contract."""

from collections.abc import Mapping
from types import GenericAlias, MappingProxyType
from typing import Any

from pydantic import Field, create_model

from gateway.http.entity_schemas import (
    CreditLink,
    Movie,
    MovieCredit,
    Person,
    PersonCredit,
    PersonLinks,
    TitleLinks,
    TvSeries,
    TvShow,
)
from gateway.http.schemas import Shape
from shared.entities import EntityKind


class _Many(Shape):
    not_found: list[str] = Field(description="As sent")
    count: int
    requested_count: int = Field(description="Repetitions included")


def _of_many(kind: EntityKind, listed: type[Shape]) -> type[Shape]:
    """The answer to many slugs of a kind: credits, and links to them, are there when they are asked for."""
    credit, link = (MovieCredit, PersonLinks) if kind is EntityKind.PERSON else (PersonCredit, TitleLinks)
    member = "movies" if kind is EntityKind.PERSON else "people"
    name = listed.__name__
    included: Any = Field(default=[], max_length=50, description="When `include` names it")
    linked: dict[str, Any] = {member: (list[CreditLink], included)}
    links = create_model(f"{name}OfManyLinks", __base__=link, **linked)
    shown: dict[str, Any] = {member: (GenericAlias(list, (credit,)), included), "links": (links, Field(alias="_links"))}
    found = create_model(f"{name}OfMany", __base__=listed, **shown)
    data: Any = (GenericAlias(list, (found,)), Field(max_length=50))
    return create_model(f"Many{name}", __base__=_Many, data=data)


BULKS: Mapping[EntityKind, type[Shape]] = MappingProxyType(
    {kind: _of_many(kind, listed) for kind, listed in zip(EntityKind, (Movie, Person, TvSeries, TvShow), strict=True)}
)
