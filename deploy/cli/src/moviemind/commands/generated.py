"""`generated`: files that are written from code and kept in the repository."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Annotated, Any, cast

import typer

from moviemind.console import out
from moviemind.contract import incompatibilities
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


def released_json(document: Mapping[str, Any]) -> str:
    """What of `document` binds callers and the API: no prose, examples or defaults."""

    def binding(value: Any, *, names: bool) -> Any:
        if isinstance(value, Mapping):
            items = cast("Mapping[str, Any]", value).items()
            kept = ((key, item) for key, item in items if names or key not in _SILENT)
            return {key: binding(item, names=not names and key in _NAMING) for key, item in kept}
        return [binding(item, names=False) for item in cast("list[Any]", value)] if isinstance(value, list) else value

    return json.dumps(binding(document, names=False), indent=1, sort_keys=True) + "\n"


def faults_md() -> str:
    """The fault matrix with its tests. Raises `CliError`."""
    try:
        return faults_page(project_root())
    except ValueError as error:
        raise CliError(str(error), "Add the row, or correct the name of the test.") from None


RELEASED = "docs/contract/openapi-1.json"
_SILENT = frozenset(
    {"description", "summary", "title", "example", "examples", "tags", "operationId", "default", "deprecated"}
)
_NAMING = frozenset({"properties", "schemas", "headers", "responses", "paths", "securitySchemes", "content"})
GENERATED: tuple[tuple[str, Callable[[], str]], ...] = (
    ("deploy/rabbitmq/definitions.json", definitions_json),
    ("docs/faults.md", faults_md),
    ("docs/openapi.json", openapi_json),
    ("docs/job-states.mmd", jobs.state_diagram),
)


def generated(
    *,
    release: Annotated[
        bool,
        typer.Option("--release", help=f"Also make this contract the one that later ones have to keep: {RELEASED}."),
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; end with status 1 when a file is out of date.")
    ] = False,
) -> None:
    """Write the files that are made from code, or check that they are up to date and that the HTTP API keeps its contract."""
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
    document, released = json.loads((root / "docs/openapi.json").read_text(encoding="utf-8")), root / RELEASED
    if (check or release) and released.is_file():
        _keep(json.loads(released.read_text(encoding="utf-8")), document)
    if release:
        released.write_text(released_json(document), encoding="utf-8")
    out.print("All generated files are up to date." if check or not stale else f"Written: {', '.join(stale)}")


def _keep(released: Mapping[str, Any], document: Mapping[str, Any]) -> None:
    """Raises `CliError` when callers of the released contract would break."""
    if broken := incompatibilities(released, document):
        raise CliError(
            "the HTTP API breaks its callers:\n" + "\n".join(f"- {line}" for line in broken),
            "Add beside what exists, and remove in the next version of the contract (CONTRIBUTING.md, The contract).",
        )
