"""A trace as a waterfall: spans under their parents, a bar per span on one time axis."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.table import Table
from rich.text import Text

from moviemind.spans import Span
from shared.topology import EVENTS_EXCHANGE

_COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "bright_red", "bright_cyan", "bright_magenta")
_LABEL_SHARE = 0.45
_TIME_COLUMNS = 10
_MIN_BAR = 10
_EIGHTHS = " ▏▎▍▌▋▊▉█"


@dataclass(frozen=True, slots=True)
class Row:
    """One line: `depth` steps under its root."""

    depth: int
    span: Span


def ordered(spans: Sequence[Span]) -> list[Row]:
    """Parents before children, siblings by start; a span whose parent was not recorded is a root.

    Each span appears once, even when wrong parents form a cycle.
    """
    by_id = {span.span_id: span for span in spans}
    children: dict[str | None, list[Span]] = {}
    for span in sorted(by_id.values(), key=lambda span: (span.start_ns, -span.end_ns, span.span_id)):
        known = span.parent_id if span.parent_id in by_id and span.parent_id != span.span_id else None
        children.setdefault(known, []).append(span)
    rows: list[Row] = []
    seen: set[str] = set()

    def visit(root: Span) -> None:
        stack = [Row(0, root)]
        while stack:
            row = stack.pop()
            if row.span.span_id in seen:
                continue
            seen.add(row.span.span_id)
            rows.append(row)
            stack.extend(Row(row.depth + 1, child) for child in reversed(children.get(row.span.span_id, [])))

    for span in (*children.get(None, []), *by_id.values()):  # the second part: members of a cycle
        visit(span)
    return rows


def compacted(spans: Sequence[Span]) -> list[Span]:
    """The same trace with neighbouring statements to one database as one span, from the first one's start to the last one's end."""
    parents = {span.parent_id for span in spans}

    def run_key(span: Span) -> tuple[str, str]:
        system = str(span.attributes.get("db.system.name") or span.attributes.get("db.system") or "")
        return (span.service, system) if system and span.span_id not in parents else ("", span.span_id)

    merged: list[Span] = []
    by_parent = sorted(spans, key=lambda span: (span.parent_id or "", span.start_ns, span.span_id))
    for _, siblings in groupby(by_parent, key=lambda span: span.parent_id):
        for (service, system), run in groupby(siblings, key=run_key):
            first, *more = run
            if service and more:
                failed = any(span.status == "ERROR" for span in (first, *more))
                end_ns = max(span.end_ns for span in (first, *more))
                changes = {
                    "name": f"{system} x{len(more) + 1}",
                    "end_ns": end_ns,
                    "status": "ERROR" if failed else first.status,
                }
                merged.append(first.model_copy(update=changes))
            else:
                merged += [first, *more]
    return merged


def bar(begin: float, end: float, width: int) -> str:
    """`width` characters with a block from `begin` to `end` (fractions of the axis, 0..1); never empty."""
    first = min(int(begin * width), width - 1)
    eighths = max(1, round((end - begin) * width * 8))
    full, rest = divmod(eighths, 8)
    block = "█" * full + (_EIGHTHS[rest] if rest else "")
    return (" " * first + block[: width - first]).ljust(width)


def waterfall(spans: Sequence[Span], width: int) -> Table:
    """The trace in `width` columns: name, bar, duration. Colours tell the services apart, red marks errors."""
    rows = ordered(spans)
    colours = {name: _COLOURS[index % len(_COLOURS)] for index, name in enumerate(_services(rows))}
    begin = min((row.span.start_ns for row in rows), default=0)
    length = max(1, max((row.span.end_ns for row in rows), default=1) - begin)
    label_width = max(20, int(width * _LABEL_SHARE))
    bar_width = max(_MIN_BAR, width - label_width - _TIME_COLUMNS - 4)
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, pad_edge=False)
    table.add_column(width=label_width, no_wrap=True, overflow="ellipsis")
    table.add_column(width=bar_width, no_wrap=True)
    table.add_column(width=_TIME_COLUMNS - 2, justify="right", no_wrap=True)
    for row in rows:
        span, colour = row.span, colours[row.span.service]
        failed = span.status == "ERROR"
        label = (
            Text("  " * row.depth) + Text(span.service, colour) + Text(f" {_short(span.name)}", "red" if failed else "")
        )
        line = bar((span.start_ns - begin) / length, (span.end_ns - begin) / length, bar_width)
        table.add_row(label, Text(line, "red" if failed else colour), duration(span.duration_ms))
    return table


def duration(milliseconds: float) -> str:
    """Three figures or so: `0.42 ms`, `17 ms`, `1.25 s`."""
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:.2f} s"
    return f"{milliseconds:.0f} ms" if milliseconds >= 10 else f"{milliseconds:.2f} ms"


def _short(name: str) -> str:
    """All messages go through one exchange: its name tells nothing."""
    return name.removeprefix(f"{EVENTS_EXCHANGE}.")


def _services(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row.span.service for row in rows))
