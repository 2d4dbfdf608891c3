"""Finished spans, read from the files the services write."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class Span(BaseModel):
    """One span. Times are nanoseconds since the epoch, ids lower-case hex."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    trace_id: str
    span_id: str
    parent_id: str | None = None
    service: str
    name: str
    kind: str = "INTERNAL"
    start_ns: int
    end_ns: int
    status: str = "UNSET"
    attributes: dict[str, object] = Field(default_factory=dict[str, object])

    @property
    def duration_ms(self) -> float:
        return (self.end_ns - self.start_ns) / 1e6


def read_spans(folder: Path, *words: str) -> list[Span]:
    """Every span whose line contains one of `words`. A line that is still being written is skipped."""
    return [span for file in sorted(folder.glob("*.jsonl")) for span in _spans_in(file, words)]


def job_trace(folder: Path, job_id: str) -> list[Span]:
    """All spans of the trace that the job belongs to; empty when there is none."""
    named = [span for span in read_spans(folder, job_id) if job_id in map(str, span.attributes.values())]
    return trace(folder, min(named, key=lambda span: span.start_ns).trace_id) if named else []


def trace(folder: Path, trace_id: str) -> list[Span]:
    return [span for span in read_spans(folder, trace_id) if span.trace_id == trace_id]


def services(spans: Iterable[Span]) -> set[str]:
    return {span.service for span in spans}


def _spans_in(file: Path, words: tuple[str, ...]) -> Iterator[Span]:
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if any(word in line for word in words):
                    try:
                        yield Span.model_validate_json(line)
                    except ValidationError:
                        continue
    except OSError:
        return  # a rotation took the file away
