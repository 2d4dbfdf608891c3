"""`generated`: files that are written from code and kept in the repository."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from moviemind.console import out
from moviemind.errors import CliError
from moviemind.faults import faults_page
from moviemind.paths import project_root
from shared import jobs, topology


def definitions_json() -> str:
    """Exchanges, queues and bindings in the form RabbitMQ imports."""
    return json.dumps(topology.definitions(), indent=2) + "\n"


def openapi_json() -> str:
    """The HTTP API as the gateway describes it, in a process of its own: the command line imports no service. Raises `CliError`."""
    program = "import json, gateway.app as app; print(json.dumps(app.openapi_document(), indent=2, ensure_ascii=False))"
    result = subprocess.run((sys.executable, "-c", program), capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - ours
    if result.returncode != 0:
        last = (result.stderr.strip().splitlines() or ["no output"])[-1]
        raise CliError(f"the gateway could not write its document: {last}", "Try: python -c 'import gateway.app'")
    return result.stdout


def faults_md() -> str:
    """The fault matrix with its tests. Raises `CliError`."""
    try:
        return faults_page(project_root())
    except ValueError as error:
        raise CliError(str(error), "Add the row, or correct the name of the test.") from None


GENERATED: tuple[tuple[str, Callable[[], str]], ...] = (
    ("deploy/rabbitmq/definitions.json", definitions_json),
    ("docs/faults.md", faults_md),
    ("docs/openapi.json", openapi_json),
    ("docs/job-states.mmd", jobs.state_diagram),
)


def generated(
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; end with status 1 when a file is out of date.")
    ] = False,
) -> None:
    """Write the files that are made from code, or check that they are up to date."""
    root = project_root()
    stale: list[str] = []
    for path, produce in GENERATED:
        target, text = root / path, produce()
        if target.is_file() and target.read_text(encoding="utf-8") == text:
            continue
        stale.append(path)
        if not check:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    if check and stale:
        raise CliError(f"out of date: {', '.join(stale)}", "Write them anew: ./moviemind generated")
    out.print("All generated files are up to date." if check or not stale else f"Written: {', '.join(stale)}")
