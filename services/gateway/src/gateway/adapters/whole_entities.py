"""Whole entities, as the columns of a statement and as values: the texts and credits come with the row, of one snapshot."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, Text, func, literal, or_, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from gateway.read_ports import Credit, Entity, ShortText, StoredText
from shared.db.tables import credits_, entities, texts
from shared.entities import KINDS, MAX_CREDITS, SHORT_FORMS, EntityKind, Form, type_of_details

_SHOWN = tuple(column for column in entities.c if not column.name.startswith("search"))
"""What search reads is large, and nobody sees it."""
_TEXT = ("id", "locale", "context_tag", "origin", "ai_model", "version", "text", "created_at", "updated_at")
_SHORT_TEXT = ("form", "locale", "origin", "text")


def columns_of(kind: EntityKind, *, credited: bool = True) -> tuple[ColumnElement[Any], ...]:
    """What an answer about many shows of a row of `entities`, for `entity_of`; not `credited` without the credits."""
    credit = (_credits(kind).label("credits"),) if credited else ()
    return (*_SHOWN, _texts([KINDS[kind].form], _TEXT).label("texts"), *credit)


def detail_columns_of(kind: EntityKind) -> tuple[ColumnElement[Any], ...]:
    """Everything that `entity_of` reads."""
    return (*columns_of(kind), _texts(sorted(SHORT_FORMS), _SHORT_TEXT).label("short_texts"))


def _texts(forms: Sequence[Form], shown: Sequence[str]) -> ColumnElement[Any]:
    members = [part for name in shown for part in (literal(name), texts.c[name])]
    return (
        _array(
            func.jsonb_agg(
                aggregate_order_by(func.jsonb_build_object(*members), texts.c.locale, texts.c.context_tag, texts.c.id)
            )
        )
        .where(
            texts.c.entity_id == entities.c.id,
            or_(*(texts.c.form == form for form in forms)),
            texts.c.archived_at.is_(None),
        )
        .correlate(entities)
        .scalar_subquery()
    )


def _credits(kind: EntityKind) -> ColumnElement[Any]:
    """Of a title its people, of a person their movies."""
    other = entities.alias("other")
    first = credits_.c.billing_order.asc().nulls_last()
    if kind is EntityKind.PERSON:
        here, there = credits_.c.person_id, credits_.c.title_id
        where = [other.c.kind == EntityKind.MOVIE]
        order = (first, other.c.year.desc().nulls_last(), other.c.title, other.c.id, credits_.c.role)
    else:
        here, there = credits_.c.title_id, credits_.c.person_id
        where = []
        order = (first, credits_.c.role, other.c.title, other.c.id)
    credit = (
        select(
            other.c.id,
            other.c.kind,
            other.c.slug,
            other.c.title,
            credits_.c.role,
            credits_.c.character_name,
            credits_.c.job,
            credits_.c.billing_order,
            func.row_number().over(order_by=order).label("place"),
        )
        .join_from(credits_, other, other.c.id == there)
        .where(here == entities.c.id, *where)
        .order_by(*order)
        .limit(MAX_CREDITS)
        .correlate(entities)
        .subquery("credit")
    )
    members = [part for column in credit.c for part in (literal(column.name, Text), column)]
    return _array(
        func.jsonb_agg(aggregate_order_by(func.jsonb_build_object(*members), credit.c.place))
    ).scalar_subquery()


def _array(aggregate: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    return select(func.coalesce(aggregate, sql_cast(literal("[]"), JSONB), type_=JSONB))


def entity_of(row: RowMapping) -> Entity:
    """The entity in a row of `columns_of` or `detail_columns_of`."""
    kind = EntityKind(row["kind"])
    return Entity(
        id=row["id"],
        kind=kind,
        slug=row["slug"],
        title=row["title"],
        titles=cast("Mapping[str, str]", row["titles"]),
        year=row["year"],
        genres=tuple(row["genres"]),
        details=type_of_details[kind].model_validate(row["details"]),
        default_text_id=row["default_text_id"],
        tmdb_id=row["tmdb_id"],
        version=row["version"],
        stale_since=row["stale_since"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        texts=tuple(map(_text, row["texts"])),
        credits=tuple(map(_credit, row.get("credits", ()))),
        short_texts=tuple(ShortText(**item) for item in row.get("short_texts", ())),
    )


def _text(item: Mapping[str, Any]) -> StoredText:
    return StoredText(
        id=UUID(item["id"]),
        locale=item["locale"],
        context_tag=item["context_tag"],
        origin=item["origin"],
        ai_model=item["ai_model"],
        version=item["version"],
        text=item["text"],
        created_at=datetime.fromisoformat(item["created_at"]),
        updated_at=datetime.fromisoformat(item["updated_at"]),
    )


def _credit(item: Mapping[str, Any]) -> Credit:
    return Credit(
        id=UUID(item["id"]),
        kind=EntityKind(item["kind"]),
        slug=item["slug"],
        title=item["title"],
        role=item["role"],
        character_name=item["character_name"],
        job=item["job"],
        billing_order=item["billing_order"],
    )
