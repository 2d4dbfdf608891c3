from pathlib import Path

import pytest

from moviemind.__main__ import main
from moviemind.commands import chaos


def test_an_unknown_script_names_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["chaos", "--script", "nope"])

    assert ended.value.code == 1
    assert "kill_one" in capsys.readouterr().err


def test_without_the_source_it_says_where_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(chaos, "project_root", lambda: tmp_path)

    with pytest.raises(SystemExit) as ended:
        main(["chaos"])

    assert ended.value.code == 1
    assert "Clone the repository" in capsys.readouterr().err
