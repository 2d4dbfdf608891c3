"""Finished spans as JSON lines in a directory: what the command line draws traces from where no backend runs."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

MAX_FILE_BYTES = 32 * 1024 * 1024
"""A file that grew past this is replaced, one predecessor being kept."""


class JsonLinesExporter(SpanExporter):
    """Appends each span to `<service>-<pid>.jsonl`; the directory is created when missing."""

    def __init__(self, directory: Path, service: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._service = service
        self._path = directory / f"{service}-{os.getpid()}.jsonl"

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            if self._path.exists() and self._path.stat().st_size > MAX_FILE_BYTES:
                self._path.replace(self._path.with_suffix(".old.jsonl"))
            with self._path.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(self._line(span), default=str) + "\n" for span in spans)
        except OSError:  # a full disk must not stop the service
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS

    def _line(self, span: ReadableSpan) -> dict[str, object]:
        context, parent = span.get_span_context(), span.parent
        return {
            "trace_id": format(context.trace_id, "032x") if context else None,
            "span_id": format(context.span_id, "016x") if context else None,
            "parent_id": format(parent.span_id, "016x") if parent else None,
            "service": self._service,
            "name": span.name,
            "kind": span.kind.name,
            "start_ns": span.start_time,
            "end_ns": span.end_time,
            "status": span.status.status_code.name,
            "attributes": dict(span.attributes or {}),
            "links": [
                {"trace_id": format(link.context.trace_id, "032x"), "span_id": format(link.context.span_id, "016x")}
                for link in span.links
            ],
        }
