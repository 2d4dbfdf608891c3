import pytest
from rich.console import Console

from moviemind.spans import Span
from moviemind.waterfall import bar, compacted, duration, ordered, waterfall

TRACE = "0" * 31 + "1"


def span(
    name: str,
    parent: str | None,
    start_ms: int,
    end_ms: int,
    service: str = "gateway",
    status: str = "OK",
    database: str = "",
) -> Span:
    return Span(
        trace_id=TRACE,
        span_id=name,
        parent_id=parent,
        service=service,
        name=name,
        start_ns=start_ms * 1_000_000,
        end_ns=end_ms * 1_000_000,
        status=status,
        attributes={"db.system": database} if database else {},
    )


def test_children_follow_their_parent_in_order_of_start() -> None:
    spans = [
        span("late", "root", 30, 40),
        span("leaf", "early", 15, 16),
        span("root", None, 0, 50),
        span("early", "root", 10, 20),
    ]

    rows = ordered(spans)

    assert [(row.depth, row.span.name) for row in rows] == [(0, "root"), (1, "early"), (2, "leaf"), (1, "late")]


def test_a_span_with_an_unknown_parent_is_a_root() -> None:
    rows = ordered([span("orphan", "never-recorded", 5, 9), span("root", None, 0, 9)])

    assert [(row.depth, row.span.name) for row in rows] == [(0, "root"), (0, "orphan")]


def test_wrong_parents_in_a_circle_lose_no_span() -> None:
    rows = ordered([span("a", "b", 0, 1), span("b", "a", 1, 2), span("self", "self", 2, 3)])

    assert sorted(row.span.name for row in rows) == ["a", "b", "self"]


def test_a_span_recorded_twice_is_shown_once() -> None:
    assert len(ordered([span("a", None, 0, 1), span("a", None, 0, 1)])) == 1


def test_five_thousand_nested_spans_do_not_exhaust_the_stack() -> None:
    spans = [span(str(n), str(n - 1) if n else None, n, 10_000 - n) for n in range(5000)]

    assert ordered(spans)[-1].depth == 4999


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        (0.0, 1.0, "████████"),
        (0.5, 1.0, "    ████"),
        (0.0, 0.25, "██      "),
        (0.25, 0.3125, "  ▌     "),
        (1.0, 1.0, "       ▏"),  # an instant at the very end still shows
    ],
)
def test_a_bar_covers_its_share_of_the_axis(begin: float, end: float, expected: str) -> None:
    assert bar(begin, end, 8) == expected


@pytest.mark.parametrize(("milliseconds", "expected"), [(0.4213, "0.42 ms"), (17.4, "17 ms"), (1250.0, "1.25 s")])
def test_durations_are_short(milliseconds: float, expected: str) -> None:
    assert duration(milliseconds) == expected


@pytest.mark.parametrize("width", [60, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    console = Console(width=width)
    spans = [span("a" * 300, None, 0, 100), span("b" * 300, "a" * 300, 10, 90, "generator", "ERROR")]

    lines = [line for line in _render(console, spans).splitlines() if line.strip()]

    assert len(lines) == 2
    assert all(len(line) <= width for line in lines)


def test_services_have_different_colours_and_errors_are_red() -> None:
    console = Console(width=100)
    spans = [span("a", None, 0, 100), span("b", "a", 0, 50, "generator"), span("c", "a", 50, 90, "generator", "ERROR")]

    styles = [str(segment.style) for segment in console.render(waterfall(spans, 100)) if "█" in segment.text]

    assert styles == ["cyan", "magenta", "red"]


def test_neighbouring_statements_become_one_line() -> None:
    spans = [
        span("root", None, 0, 100),
        span("SELECT 1", "root", 1, 2, database="postgresql"),
        span("SELECT 2", "root", 3, 4, database="postgresql", status="ERROR"),
        span("GET", "root", 5, 6, database="redis"),
        span("chat", "root", 10, 50),
        span("INSERT", "root", 60, 61, database="postgresql"),
    ]

    shown = [row.span for row in ordered(compacted(spans))]

    assert [(each.name, each.start_ns // 1_000_000, each.end_ns // 1_000_000, each.status) for each in shown] == [
        ("root", 0, 100, "OK"),
        ("postgresql x2", 1, 4, "ERROR"),
        ("GET", 5, 6, "OK"),
        ("chat", 10, 50, "OK"),
        ("INSERT", 60, 61, "OK"),
    ]


def test_no_spans_make_an_empty_table() -> None:
    assert waterfall([], 80).row_count == 0


def _render(console: Console, spans: list[Span]) -> str:
    with console.capture() as capture:
        console.print(waterfall(spans, console.width))
    return capture.get()
