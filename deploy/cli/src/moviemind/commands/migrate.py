"""`migrate`: bring the database to the newest schema."""

import os
import subprocess
import sys

from moviemind.commands.options import DataDirOption, JsonOption
from moviemind.console import out, print_json
from moviemind.errors import CliError
from moviemind.instance import Target
from moviemind.paths import DataDir

MIGRATE_WITHIN_S = 600


def migrate(data_dir: DataDirOption = None, *, json: JsonOption = False) -> None:
    """Apply the migrations that are missing; safe to repeat and to run twice at a time. `up` does it by itself."""
    code, last = run_migrations(Target(DataDir.of(data_dir)).database_url(), "upgrade")
    if code != 0:
        raise CliError(f"the migration failed: {last}", "The schema is unchanged. Correct the cause and repeat.")
    print_json({"migrated": True}) if json else out.print("The schema is up to date.")


def run_migrations(database_url: str, action: str) -> tuple[int, str]:
    """Exit status and last line of `python -m shared.migrations <action>`: a process of its own, as in production."""
    try:
        result = subprocess.run(  # noqa: S603 - our own module, no shell
            (sys.executable, "-m", "shared.migrations", action),
            env={**os.environ, "DATABASE_URL": database_url},
            capture_output=True,
            text=True,
            timeout=MIGRATE_WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return 1, f"no end after {MIGRATE_WITHIN_S} s"
    lines = (result.stdout + result.stderr).strip().splitlines()
    return result.returncode, lines[-1] if lines else ""
