import pytest

from moviemind.console import print_table


def test_no_cell_is_cut_however_narrow_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    job_id = "5f2c8a52-0d7e-4f0b-8f6a-3f0a5f0f7c11"

    print_table(
        ["JOB", "SLUG", "STATUS"], [[job_id, "the-lord-of-the-rings-the-fellowship-of-the-ring-2001", "PROCESSING"]]
    )

    output = capsys.readouterr().out
    assert job_id in output
    assert "the-lord-of-the-rings-the-fellowship-of-the-ring-2001" in output
    assert "…" not in output
    assert len(output.splitlines()) == 2
