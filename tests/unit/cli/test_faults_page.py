from pathlib import Path

import pytest

from moviemind.faults import MATRIX, faults_page

ROWS = """
[[area]]
title = "Weather"

[area.rows]
F01 = ["it rains", "umbrellas"]
F02 = ["it snows", "shovels"]
F03 = ["it hails", "roofs"]

[missing]
F02 = "shovels come in winter"
F03 = "large hail"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / MATRIX).parent.mkdir(parents=True)
    (tmp_path / MATRIX).write_text(ROWS, encoding="utf-8")
    return tmp_path


def write_test(root: Path, source: str) -> None:
    (root / "tests/faults/test_weather.py").write_text(source, encoding="utf-8")


def row(root: Path, name: str) -> str:
    return next(line for line in faults_page(root).splitlines() if line.startswith(f"| {name} "))


def test_a_row_names_the_tests_that_carry_its_id(root: Path) -> None:
    write_test(
        root,
        "def test_f01_rain_stays_outside(): ...\nclass TestAll:\n    async def test_f01_f03_all_at_once(self): ...",
    )

    assert "`faults/test_weather.py::test_f01_rain_stays_outside`<br>`faults/test_weather.py::test_f01_f03" in row(
        root, "F01"
    )
    assert "missing: large hail" in row(root, "F03")


def test_a_row_without_a_test_or_with_skipped_ones_only_is_open(root: Path) -> None:
    write_test(root, "@pytest.mark.skip\ndef test_f01_rain_stays_outside(): ...")

    assert "**open**" in row(root, "F01")
    assert "**open**: shovels come in winter" in row(root, "F02")
    assert "0 of 3 rows have tests. Open: F01, F02, F03." in faults_page(root)


def test_a_test_of_a_row_that_does_not_exist_is_refused(root: Path) -> None:
    write_test(root, "def test_f09_frogs(): ...")

    with pytest.raises(ValueError, match="F09"):
        faults_page(root)
