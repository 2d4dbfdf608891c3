"""Migrations, as a deployment runs them: a process of its own."""

import os
import subprocess
import sys


def upgrade(url: str) -> None:
    """Bring the database at `url` to the newest schema."""
    run(url, "upgrade")


def run(url: str, action: str) -> str:
    """Run one action of `python -m shared.migrations`; its output."""
    finished = subprocess.run(
        [sys.executable, "-m", "shared.migrations", action],
        env=os.environ | {"DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if finished.returncode != 0:
        raise AssertionError(finished.stderr)
    return finished.stdout
