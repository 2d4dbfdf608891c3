"""AI calls on the wire: what may be asked about them, and what is answered."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field
from starlette.datastructures import QueryParams

from gateway.ai_ports import Book, Books, Figures, Grouping, MetricsFilter, SwitchState
from gateway.http.admin_documents import day
from gateway.http.job_documents import moment
from gateway.http.queries import Query
from gateway.http.validation import Body
from shared.entities import EntityKind

DEFAULT_DAYS = 30
MAX_DAYS = 366
STRICT, COMPACT = "json", "toon"
"""The formats that are compared: a strict JSON schema, and TOON, of which this version makes no calls."""
Row = dict[str, Any]


class SwitchBody(Body):
    """Why: the audit keeps it."""

    reason: Annotated[str, Field(min_length=3, max_length=500, pattern=r"^[^\x00]*$")]


def metrics_filter(parameters: QueryParams, today: date) -> MetricsFilter:
    """What is asked for, by default about the last `DEFAULT_DAYS` days. Raises `invalid-request` naming every wrong parameter."""
    query = Query(parameters)
    kind = query.choice("entity_type", list(EntityKind))
    grouping = query.choice("group_by", list(Grouping)) or Grouping.DATA_FORMAT
    start, end = query.parsed("start_date", day), query.parsed("end_date", day) or today
    if start is None:
        start = date.fromordinal(max(end.toordinal() - DEFAULT_DAYS, 0) + 1)
    if end < start:
        query.wrong("end_date", "Must not be before start_date.")
    elif end - start >= timedelta(days=MAX_DAYS):
        query.wrong("start_date", f"At most {MAX_DAYS} days.")
    query.check()
    return MetricsFilter(EntityKind(kind) if kind else None, start, end, Grouping(grouping))


def switch(state: SwitchState) -> Row:
    return {
        "stopped": state.stopped_at is not None,
        "stopped_at": moment(state.stopped_at) if state.stopped_at else None,
        "stopped_by": state.stopped_by,
        "reason": state.reason,
    }


def now(state: SwitchState, books: Books) -> Row:
    budget = {
        "day": books.day.isoformat(),
        "renews_at": moment(books.renews_at),
        "total": _book(books.everything),
        "callers": [{"caller": book.scope, **_book(book)} for book in books.callers],
    }
    return {"switch": switch(state), "budget": budget}


def token_usage(found: Sequence[Figures], asked: MetricsFilter) -> Row:
    rows = [
        {
            asked.grouping.value: row.name,
            "total_requests": row.requests,
            "avg_tokens": _rounded(row.avg_tokens),
            "avg_prompt_tokens": _rounded(row.avg_prompt_tokens),
            "avg_completion_tokens": _rounded(row.avg_completion_tokens),
            "avg_savings_percent": _savings(found, row) if asked.grouping is Grouping.DATA_FORMAT else None,
            "total_tokens": row.total_tokens,
            "cost_usd": _usd(row.cost_usd),
        }
        for row in found
    ]
    costs = [row.cost_usd for row in found if row.cost_usd is not None]
    summary = {
        "total_requests": sum(row.requests for row in found),
        "total_tokens": sum(row.total_tokens for row in found),
        "cost_usd": _usd(sum(costs, Decimal(0)) if costs else None),
    }
    return {"data": rows, "summary": summary}


def parsing_accuracy(found: Sequence[Figures], asked: MetricsFilter) -> Row:
    rows = [
        {
            asked.grouping.value: row.name,
            "total_requests": row.answered,
            "successful": row.answered - row.unparsed,
            "failed": row.unparsed,
            "accuracy_percent": _accuracy(row),
            "avg_response_time_ms": _rounded(row.avg_ms),
            "p50_response_time_ms": _rounded(row.p50_ms),
            "p95_response_time_ms": _rounded(row.p95_ms),
        }
        for row in found
        if row.answered
    ]
    return {"data": rows}


def errors(found: Sequence[Figures], asked: MetricsFilter) -> Row:
    rows = [
        {
            asked.grouping.value: row.name,
            "error_count": row.errors,
            "affected_entity_types": list(row.failed_kinds),
            "avg_response_time_ms": _rounded(row.error_ms),
            "codes": dict(row.codes),
        }
        for row in found
        if row.errors
    ]
    return {"data": rows}


def comparison(found: Sequence[Figures]) -> Row:
    """`found` by data format."""
    strict, compact = (next((row for row in found if row.name == name), None) for name in (STRICT, COMPACT))
    if strict is None or compact is None or not strict.avg_tokens or compact.avg_tokens is None:
        return {"data": {"error": "Insufficient data for comparison"}}
    saved = strict.avg_tokens - compact.avg_tokens
    accuracies = _accuracy(strict), _accuracy(compact)
    return {
        "data": {
            "token_savings": {"absolute": _rounded(saved), "percent": _savings(found, compact)},
            "accuracy": {
                STRICT: accuracies[0],
                COMPACT: accuracies[1],
                "difference": _rounded(accuracies[1] - accuracies[0]),
            },
            "avg_tokens": {
                STRICT: _rounded(strict.avg_tokens),
                COMPACT: _rounded(compact.avg_tokens),
                "savings": _rounded(saved),
            },
        }
    }


def _book(book: Book) -> Row:
    return {
        "calls": book.calls,
        "refused_calls": book.refused,
        "reserved_usd": _usd(book.reserved_usd),
        "spent_usd": _usd(book.spent_usd),
        "limit_calls": book.limit_calls,
        "limit_usd": _usd(book.limit_usd),
    }


def _savings(found: Sequence[Figures], row: Figures) -> float | None:
    """How many tokens fewer a call of `row` takes than one in the strict format, in percent."""
    strict = next((one.avg_tokens for one in found if one.name == STRICT), None)
    return _rounded(100 * (1 - row.avg_tokens / strict)) if strict and row.avg_tokens is not None else None


def _accuracy(row: Figures) -> float:
    return round(100 * (1 - row.unparsed / row.answered), 2) if row.answered else 0.0


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _usd(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
