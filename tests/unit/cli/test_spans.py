import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from moviemind.spans import job_trace, services, trace

JOB = "09844ea9-f01b-4494-abc0-d21027dec954"


def write(folder: Path, service: str, *spans: Mapping[str, object]) -> None:
    lines = [json.dumps({"service": service, "name": "x", "start_ns": 1, "end_ns": 2, **span}) for span in spans]
    (folder / f"{service}-1.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "gateway", {"trace_id": "t1", "span_id": "a"}, {"trace_id": "t2", "span_id": "b"})
    write(
        tmp_path,
        "generator",
        {"trace_id": "t1", "span_id": "c", "parent_id": "a", "attributes": {"moviemind.job.id": JOB}},
    )
    return tmp_path


def test_the_trace_of_a_job_has_the_spans_of_every_service(folder: Path) -> None:
    spans = job_trace(folder, JOB)

    assert {span.span_id for span in spans} == {"a", "c"}
    assert services(spans) == {"gateway", "generator"}


def test_a_job_without_spans_has_an_empty_trace(folder: Path) -> None:
    assert job_trace(folder, "another") == []


def test_a_job_retried_in_a_new_trace_is_shown_in_its_first(folder: Path) -> None:
    later = {"trace_id": "t3", "span_id": "d", "start_ns": 9, "end_ns": 10, "attributes": {"moviemind.job.id": JOB}}
    write(folder, "tmdb-sync", later)

    assert {span.trace_id for span in job_trace(folder, JOB)} == {"t1"}


def test_a_half_written_line_is_skipped(folder: Path) -> None:
    with (folder / "gateway-1.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"trace_id": "t1", "span_id": "half')

    assert {span.span_id for span in trace(folder, "t1")} == {"a", "c"}


def test_a_missing_folder_has_no_spans(tmp_path: Path) -> None:
    assert trace(tmp_path / "none", "t1") == []
