import shutil
from pathlib import Path

import pytest

from moviemind.__main__ import main
from moviemind.commands import generated, testing
from moviemind.errors import CliError
from moviemind.faults import MATRIX
from moviemind.paths import project_root


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(generated, "project_root", lambda: tmp_path)
    return tmp_path


@pytest.fixture
def repository(root: Path) -> Path:
    """One with the sources that generated files are made from."""
    (root / MATRIX).parent.mkdir(parents=True)
    shutil.copy(project_root() / MATRIX, root / MATRIX)
    return root


def status_of(*arguments: str) -> object:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return ended.value.code


def test_generated_files_are_written_and_then_up_to_date(repository: Path) -> None:
    assert status_of("generated", "--check") == 1
    assert status_of("generated") == 0
    assert status_of("generated", "--check") == 0
    assert all((repository / path).read_text(encoding="utf-8").endswith("\n") for path, _ in generated.GENERATED)


def test_a_changed_file_is_named(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status_of("generated")
    path = generated.GENERATED[0][0]
    (repository / path).write_text("edited by hand\n", encoding="utf-8")

    assert status_of("generated", "--check") == 1
    assert f"out of date: {path}" in capsys.readouterr().err
    assert (repository / path).read_text(encoding="utf-8") == "edited by hand\n"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["tests/unit", "tests/e2e"]),
        (["e2e"], ["tests/e2e"]),
        (["e2e", "unit"], ["tests/unit", "tests/e2e"]),  # fast layers first, whatever the order of the words
        (["unit", "-k", "waterfall", "-x"], ["tests/unit", "-k", "waterfall", "-x"]),
        (["-x"], ["tests/unit", "tests/e2e", "-x"]),
        (["unit", "tests/e2e/one"], ["tests/unit", "tests/e2e/one"]),
    ],
)
def test_the_chosen_layers_run_fast_ones_first(root: Path, arguments: list[str], expected: list[str]) -> None:
    for layer in ("e2e", "unit"):
        (root / "tests" / layer).mkdir(parents=True)

    assert testing.pytest_arguments(root, arguments) == expected


def test_an_unknown_layer_names_the_known_ones(root: Path) -> None:
    (root / "tests" / "unit").mkdir(parents=True)

    with pytest.raises(CliError, match="no test layer 'nope'") as raised:
        testing.pytest_arguments(root, ["nope"])

    assert raised.value.hint == "There are: unit."
