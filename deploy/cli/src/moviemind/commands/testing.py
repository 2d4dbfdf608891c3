"""`test` and `check`: what the CI runs, by the same names."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from moviemind.console import err, out
from moviemind.errors import CliError
from moviemind.paths import project_root

LAYERS = (
    "unit",
    "golden",
    "properties",
    "contracts",
    "integration",
    "faults",
    "security",
    "telemetry",
    "e2e",
    "browser",
    "bench",
)
TOGETHER = ("-n", "3", "--dist", "loadfile")
"""The whole suite waits more than it computes: three processes share its files, each with servers of its own."""
CHECKS = (
    ("ruff check", ("-m", "ruff", "check", ".")),
    ("ruff format", ("-m", "ruff", "format", "--check", ".")),
    ("basedpyright", ("-m", "basedpyright")),
    ("import-linter", ("-c", "import importlinter.cli as cli; cli.lint_imports_command()")),  # it has no __main__
    ("generated files", ("-m", "moviemind", "generated", "--check")),
)


def run_tests(
    layers: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[LAYER]... [-- PYTEST_ARGUMENTS]",
            help=f"Of {', '.join(LAYERS)}. Default: all.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Run the tests, the fast layers first. Servers are found or started by the tests themselves, and named in the
    summary.

    In this order: DATABASE_URL, RABBITMQ_URL, REDIS_URL; Docker; programs on this machine; PostgreSQL, Redis and the
    broker that come with MovieMind. Everything after `--` goes to pytest: `./moviemind test unit -- -k waterfall -x`.
    """
    root = project_root()
    arguments = [*(() if layers else TOGETHER), *pytest_arguments(root, layers or [])]
    os.chdir(root)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *arguments])  # noqa: S606 - pytest of this environment


def check() -> None:
    """Lint, format, types, import rules and generated files. All of them run; ends with status 1 when one fails."""
    failed: list[str] = []
    for name, arguments in CHECKS:
        err.print(f"[bold]{name}[/]")
        if subprocess.run((sys.executable, *arguments), cwd=project_root(), check=False).returncode != 0:  # noqa: S603 - our tools
            failed.append(name)
    if failed:
        raise CliError(
            f"failed: {', '.join(failed)}",
            "The lines above say what; `ruff check --fix` and `ruff format` repair much.",
        )
    out.print("Everything is in order.")


def pytest_arguments(root: Path, words: Sequence[str]) -> list[str]:
    """The folders of the chosen layers, fast ones first, and what else goes to pytest: all from the first option or path on.

    Raises `CliError` for a layer that does not exist.
    """
    end = next((index for index, word in enumerate(words) if word.startswith("-") or "/" in word), len(words))
    chosen, extra = words[:end], words[end:]
    present = [layer for layer in LAYERS if (root / "tests" / layer).is_dir()]
    unknown = [layer for layer in chosen if layer not in present]
    if unknown:
        raise CliError(f"there is no test layer {unknown[0]!r}", f"There are: {', '.join(present)}.")
    return [f"tests/{layer}" for layer in present if not chosen or layer in chosen] + list(extra)
