"""Output: results on stdout, everything else on stderr, so that a script reads results only."""

import json
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime

from pydantic import BaseModel
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def print_json(document: object) -> None:
    """One JSON document on stdout. Models, and lists of them, are written by their own rules."""
    print(json.dumps(document, indent=2, ensure_ascii=False, default=_plain))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=True)
    for row in rows:
        table.add_row(*row)
    # a cut id is of no use: rather a line that is longer than the terminal
    width = Measurement.get(out, out.options.update(max_width=1000), table).maximum
    Console(width=width, highlight=False).print(table, crop=False)


def moment(at: datetime | None) -> str:
    """A time for people: UTC, to the second."""
    return at.strftime("%Y-%m-%d %H:%M:%S") if at is not None else "-"


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return str(value)
