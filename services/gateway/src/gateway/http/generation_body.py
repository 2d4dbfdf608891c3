"""The body of `POST /api/v1/generate`."""

import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, TypeVar
from uuid import UUID

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, field_validator

from gateway.http.problems import invalid
from gateway.http.validation import Body, validated
from shared.entities import KINDS, SHORT_FORMS, ContextTag, EntityKind, Form, Locale

MAX_TAGS = 8
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
E = TypeVar("E", bound=StrEnum)


def _one_of(values: type[E], *, message: str | None = None) -> Callable[[Any], E]:
    """Parses a member of `values` whatever its case, `_` and `-` being one in locales."""

    def parse(value: Any) -> E:
        if isinstance(value, str):
            wanted = value.strip().lower()
            for member in values:
                if wanted in {member.lower(), member.lower().replace("-", "_")}:
                    return member
        raise ValueError(message.format(str(value)[:100]) if message else f"Must be one of {', '.join(values)}.")

    return parse


def _choice(values: Sequence[str]) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "enum": list(values)})


_Kind = Annotated[EntityKind, BeforeValidator(_one_of(EntityKind)), _choice(list(EntityKind))]
_Locale = Annotated[Locale, BeforeValidator(_one_of(Locale)), _choice(list(Locale))]
_Form = Annotated[Form, BeforeValidator(_one_of(Form)), _choice(list(Form))]
_Tag = Annotated[
    ContextTag, BeforeValidator(_one_of(ContextTag, message="Unknown context tag '{}'.")), _choice(list(ContextTag))
]


_NAMED = ({"required": [name], "properties": {name: {"type": "string"}}} for name in ("slug", "entity_id"))
_LONG = [
    {"properties": {"entity_type": {"enum": kinds}, "form": {"enum": [form, None]}}}
    for form in dict.fromkeys(names.form for names in KINDS.values())
    if (kinds := [kind for kind, names in KINDS.items() if names.form is form])
]
_SHORT = {
    "required": ["form"],
    "properties": {"form": {"enum": sorted(SHORT_FORMS)}, "context_tag": {"type": "null"}},
}
_RULES: Mapping[str, Any] = {"anyOf": list(_NAMED), "oneOf": [*_LONG, _SHORT]}
"""What the published schema says beyond the members: `generation_of` checks it."""


def locale_of(value: str) -> Locale:
    """The locale that `value` spells in any case, with `-` or `_`. Raises ValueError with the sentence for the caller."""
    return _one_of(Locale)(value)


class GenerationBody(Body):
    """What is to be written. `slug` wins over `entity_id`."""

    model_config = ConfigDict(json_schema_extra=dict(_RULES))

    entity_type: _Kind
    slug: Annotated[str | None, Field(min_length=1, max_length=255)] = None
    entity_id: Annotated[
        str | None,
        Field(min_length=1, max_length=255, description="Deprecated: a slug, or the UUID of a stored entity"),
        WithJsonSchema({"type": ["string", "null"], "minLength": 1, "maxLength": 255, "deprecated": True}),
    ] = None
    locale: _Locale | None = None
    context_tag: Annotated[
        list[_Tag] | None,
        Field(min_length=1, max_length=MAX_TAGS),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "string", "enum": list(ContextTag)},
                    {
                        "type": "array",
                        "items": {"type": "string", "enum": list(ContextTag)},
                        "minItems": 1,
                        "maxItems": MAX_TAGS,
                    },
                    {"type": "null"},
                ]
            }
        ),
    ] = None
    form: _Form | None = None
    force: bool = False

    @field_validator("context_tag", mode="before")
    @classmethod
    def _one_tag_is_a_list(cls, value: Any) -> Any:
        if value is None or isinstance(value, list):
            return value  # pyright: ignore[reportUnknownVariableType] (JSON)
        return [_one_of(ContextTag, message="Unknown context tag '{}'.")(value)]

    @property
    def name(self) -> str:
        """What names the entity, as sent."""
        return self.slug or self.entity_id or ""

    @property
    def stored_id(self) -> UUID | None:
        """The UUID in `entity_id`, when it is one and no slug was sent."""
        return UUID(self.entity_id) if not self.slug and self.entity_id and _UUID.fullmatch(self.entity_id) else None

    @property
    def tags(self) -> tuple[ContextTag | None, ...]:
        """The distinct tags in their order; one None when none was named."""
        return tuple(dict.fromkeys(self.context_tag)) if self.context_tag else (None,)


def generation_of(data: Mapping[str, Any]) -> GenerationBody:
    """The body in `data`. Raises 422 `invalid-request`."""
    body = validated(GenerationBody, data)
    form = KINDS[body.entity_type].form
    if not body.name:
        raise invalid({"slug": ["slug or entity_id is required."]})
    if body.form not in {None, form, *SHORT_FORMS}:
        raise invalid({"form": [f"Must be {form} for {body.entity_type}, or {' or '.join(sorted(SHORT_FORMS))}."]})
    if body.form in SHORT_FORMS and body.context_tag:
        raise invalid({"context_tag": [f"A {body.form} takes no context tag."]})
    return body
