from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from moviemind.__main__ import main
from moviemind.app import app

COMMANDS = (
    "up", "demo", "read", "search", "generate", "refresh", "jobs", "jobs list", "jobs show", "jobs watch", "keys", "keys create",
    "keys list", "keys revoke", "trace", "doctor", "invariants", "migrate", "test", "check", "bench", "chaos", "generated",
    "dead", "dead list", "dead show", "dead replay", "dead purge",
    "ai", "ai status", "ai stop", "ai resume", "ai budget", "ai metrics",
)  # fmt: skip


@pytest.fixture(autouse=True)
def no_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MOVIEMIND_DATA_DIR", str(tmp_path))
    for name in ("DATABASE_URL", "MOVIEMIND_URL", "MOVIEMIND_API_KEY", "TRACES_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    result = CliRunner().invoke(app, [*command.split(), "--help"])

    assert result.exit_code == 0
    assert "Usage:" in result.stdout


def test_the_list_of_commands_above_is_complete() -> None:
    root = get_command(app)
    groups = {name: getattr(command, "commands", {}) for name, command in getattr(root, "commands", {}).items()}

    names = [*groups, *(f"{group} {name}" for group, commands in groups.items() for name in commands)]

    assert sorted(names) == sorted(COMMANDS)


@pytest.mark.parametrize(
    "command",
    [
        "read movie the-matrix-1999",
        "search movie matrix",
        "generate movie the-matrix-1999",
        "refresh movie the-matrix-1999",
        "jobs list",
        "jobs show 09844ea9-f01b-4494-abc0-d21027dec954",
        "jobs watch 09844ea9-f01b-4494-abc0-d21027dec954",
        "keys create me",
        "keys list",
        "keys revoke mm_abc",
        "dead list",
        "dead show 09844ea9-f01b-4494-abc0-d21027dec954",
        "dead replay 09844ea9-f01b-4494-abc0-d21027dec954",
        "dead purge --queue q --before 2026-11-20 --yes",
        "ai status",
        "ai stop --reason nonsense",
        "ai metrics",
        "migrate",
    ],
)
def test_without_a_system_a_command_says_how_to_start_one(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(command.split())

    output = capsys.readouterr()
    assert ended.value.code == 1
    assert output.out == ""
    error, hint = output.err.splitlines()
    assert error == f"error: no MovieMind runs on {tmp_path}"
    assert "./moviemind up" in hint


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("trace 09844ea9", "found no span of job 09844ea9"),
        ("test unknown-layer", "there is no test layer 'unknown-layer'"),
        ("generate movie x --url ftp://x", "cannot reach ftp://x"),
    ],
)
def test_a_failure_is_one_line_and_what_to_do_next(
    command: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(command.split())

    error, hint = capsys.readouterr().err.splitlines()
    assert ended.value.code == 1
    assert error.startswith("error: ")
    assert words in error
    assert hint


def defect(*_: object) -> None:
    raise ZeroDivisionError("division by zero\nand more")


def test_a_defect_is_one_line_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("MOVIEMIND_DEBUG", raising=False)
    monkeypatch.setattr("moviemind.commands.trace.job_trace", defect)

    with pytest.raises(SystemExit) as ended:
        main(["trace", "x"])

    assert ended.value.code == 1
    assert capsys.readouterr().err.splitlines()[0] == "error: ZeroDivisionError: division by zero"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("generate planet x", "planet"),
        ("generate movie", "slug"),
        ("unknown", "unknown"),
        ("jobs list --limit 0", "limit"),
        ("jobs", "command"),
        ("dead list --status closed", "status"),
    ],
)
def test_a_usage_error_is_one_line_and_status_2(command: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(command.split())

    error, hint = capsys.readouterr().err.splitlines()
    assert ended.value.code == 2
    assert words in error
    assert "--help" in hint


def test_no_word_at_all_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([])

    assert ended.value.code == 0
    assert "Usage:" in capsys.readouterr().out
