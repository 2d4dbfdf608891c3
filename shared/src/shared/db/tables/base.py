"""What all tables share: one metadata, its naming convention, and columns that hold times of the database clock."""

from sqlalchemy import (
    Column,
    DateTime,
    MetaData,
    text,
)
from sqlalchemy.sql.type_api import TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

NOW = text("now()")


def time(name: str, *, required: bool = False, now: bool = False) -> Column[object]:
    """A `timestamptz`; with `now` it is filled at the insertion."""
    kind: TypeEngine[object] = DateTime(timezone=True)  # pyright: ignore[reportAssignmentType] (invariance of TypeEngine)
    return Column(name, kind, nullable=not (required or now), server_default=NOW if now else None)
