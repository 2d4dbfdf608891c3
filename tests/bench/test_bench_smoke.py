"""Every benchmark at a tiny size: the tables, the ratios and the document are there. The figures mean nothing."""

import json
from pathlib import Path

import pytest
from tests.bench.__main__ import BENCHMARKS
from tests.bench.constant_server import constant_server
from tests.bench.load import Load, LoadFailed, run_load
from tests.bench.report import Report, Tally
from tests.bench.rounds import Aim, Comparison, Sample
from tests.bench.scale import TINY
from tests.bench.servers import Ground
from tests.support.processes import Server


@pytest.fixture(scope="session")
def common_ground(
    postgres_server: Server, redis_server: Server, rabbitmq_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Ground:
    return Ground(postgres_server, redis_server, rabbitmq_server, tmp_path_factory.mktemp("bench"))


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", list(BENCHMARKS))
def test_every_benchmark_measures_its_subjects(name: str, common_ground: Ground) -> None:
    _, measure = BENCHMARKS[name]

    results = measure(common_ground, TINY)

    assert results
    for result in results:
        if isinstance(result, Tally):
            assert len(result.rows) >= 4
            assert {len(row) for row in result.rows} == {len(result.columns)}
        else:
            assert result.judged in result.samples
            assert all(result.ratio(subject) for subject in result.samples if subject != result.judged)


def test_a_report_says_ratio_aim_and_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine, theirs = (Sample(90.0, 2.0), Sample(110.0, 2.0), Sample(100.0, 2.0)), (Sample(100.0, 1.0),) * 3
    report = Report({"cores": "2"})
    report.add(
        Comparison("fast", "req/s", "mine", {"mine": mine, "theirs": theirs}, aims={"theirs": Aim(0.8)}),
        Comparison(
            "slow", "req/s", "mine", {"mine": mine, "theirs": theirs}, "p50_ms", {"theirs": Aim(1.5, at_most=True)}
        ),
        Tally("counts", ("SUBJECT", "LOST"), [("mine", 0)]),
    )

    report.print()
    report.write(tmp_path / "made" / "bench.json")

    fast, slow = json.loads((tmp_path / "made/bench.json").read_text())["comparisons"]
    assert fast["subjects"][1]["ratio"] == {"median": 1.0, "low": 0.9, "high": 1.1}
    assert (fast["subjects"][1]["verdict"], slow["subjects"][1]["verdict"]) == ("met", "missed")
    assert "1.00 (0.90-1.10)" in capsys.readouterr().out


def test_an_unexpected_answer_fails_the_run() -> None:
    request = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

    with constant_server("{}") as port:
        good = run_load(Load(port, request, expected=200, connections=2, requests=10, body_bytes=2))
        with pytest.raises(LoadFailed, match="status 200"):
            run_load(Load(port, request, expected=202, connections=2, requests=10))
        with pytest.raises(LoadFailed, match="2 bytes"):
            run_load(Load(port, request, expected=200, connections=2, requests=10, body_bytes=3))

    assert (good.sent, good.answered) == (10, 10)
