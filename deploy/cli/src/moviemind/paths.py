"""Where things are: the project, and what one running system keeps in its data directory."""

import os
from dataclasses import dataclass
from pathlib import Path

from moviemind.errors import CliError

MIN_FREE_BYTES = 300 * 1024 * 1024  # a new PostgreSQL cluster takes 40 MB, its write-ahead log grows to 128 MB


def project_root() -> Path:
    """The checkout this package is installed from; the working directory when it was installed as a wheel."""
    for folder in Path(__file__).resolve().parents:
        if (folder / "requirements.lock").is_file() and (folder / "moviemind").is_file():
            return folder
    return Path.cwd()


@dataclass(frozen=True, slots=True)
class DataDir:
    """The files of one system. Two systems with two data directories share nothing."""

    root: Path

    @classmethod
    def of(cls, chosen: Path | None) -> "DataDir":
        """`chosen`, or `.moviemind` in the project."""
        return cls((chosen if chosen is not None else project_root() / ".moviemind").expanduser().resolve())

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def redis(self) -> Path:
        return self.root / "redis"

    @property
    def journal(self) -> Path:
        return self.root / "broker" / "journal.sqlite3"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def traces(self) -> Path:
        return self.root / "traces"

    @property
    def state(self) -> Path:
        return self.root / "state.json"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets.json"

    @property
    def demo_key(self) -> Path:
        return self.root / "demo-key"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    def prepare(self) -> None:
        """Create the folders. Nobody else may list them; as root others may pass through, for PostgreSQL runs as
        another user.

        Raises `CliError` when the place cannot be written.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self.root.chmod(0o711 if os.geteuid() == 0 else 0o700)
            for folder in (self.redis, self.journal.parent, self.logs, self.traces):
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise unwritable(self.root, error) from error

    def require_space(self) -> None:
        """Raise `CliError` when the disk is nearly full: PostgreSQL would stop in the middle of its work."""
        stats = os.statvfs(self.root)
        free = stats.f_bavail * stats.f_frsize
        if free < MIN_FREE_BYTES:
            raise CliError(
                f"only {free // 2**20} MB are free under {self.root}, and {MIN_FREE_BYTES // 2**20} MB are needed",
                "Free some space, or choose another place with --data-dir.",
            )


def unwritable(path: Path, error: OSError) -> CliError:
    """`error` in words, with the two things that help."""
    return CliError(
        f"cannot write to {path}: {error.strerror or error}",
        "Make the directory writable for you and check the space on its disk, or choose another one with --data-dir.",
    )


def write_private(path: Path, text: str) -> None:
    """Replace `path` with `text` at once, readable by the owner only. Raises `CliError`."""
    partial = path.with_name(path.name + ".partial")
    try:
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        partial.replace(path)
    except OSError as error:
        raise unwritable(path, error) from error
