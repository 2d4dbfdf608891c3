"""The embedded PostgreSQL: its user, its cluster, its command line.

The services log in as an ordinary role that owns one database. Everything listens on 127.0.0.1 with a password; there
is no Unix socket.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from moviemind.errors import CliError
from moviemind.paths import unwritable
from moviemind.supervisor.binaries import postgres_program
from moviemind.supervisor.child import RunAs, launched
from moviemind.supervisor.credentials import Credentials
from moviemind.supervisor.logs import diagnosis, open_log
from moviemind.supervisor.orphans import stop_processes_in
from moviemind.supervisor.ports import HOST

ROLE = DATABASE = "moviemind"
_INIT_TIMEOUT_S = 120.0
_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "200",  # four services with pools of 20, tools, and the tests
    "shared_buffers": "64MB",
    "max_wal_size": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "cluster_name": "moviemind",
}


def url(port: int, credentials: Credentials) -> str:
    return f"postgresql://{ROLE}:{credentials.postgres}@{HOST}:{port}/{DATABASE}"


def argv(cluster: Path, port: int, *, durable: bool) -> tuple[str, ...]:
    """`durable=False` is for data that is thrown away: no fsync."""
    settings = _SETTINGS | {"port": str(port)} | ({} if durable else {"fsync": "off", "full_page_writes": "off"})
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return (str(postgres_program("postgres")), "-D", str(cluster), *options)


def choose_user(cluster: Path) -> RunAs | None:
    """Whom the server runs as. PostgreSQL refuses root: then the owner of the cluster, else of the project, else
    `nobody`.

    Raises `CliError` when an existing cluster belongs to somebody whom this process cannot become.
    """
    owner = cluster.stat().st_uid if cluster.exists() else None
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise CliError(
                f"the database in {cluster} belongs to user {_user_name(owner or 0)}",
                "Run as that user, or start with another --data-dir.",
            )
        return None
    for uid in (owner, _first_existing(cluster).stat().st_uid):
        entry = _entry(uid) if uid else None
        if entry is not None:
            break
    else:
        try:
            entry = pwd.getpwnam("nobody")
        except KeyError:
            raise CliError(
                "PostgreSQL does not run as root, and this machine has no user `nobody`",
                "Run as an ordinary user, or name a server with DATABASE_URL.",
            ) from None
    closed = any(
        not _may_pass(folder, entry.pw_uid, entry.pw_gid)
        for place in (cluster.parent, postgres_program("postgres").resolve())
        for folder in (place, *place.parents)
    )
    return RunAs(entry.pw_uid, entry.pw_gid, search=closed and sys.platform == "linux")


def prepare(cluster: Path, credentials: Credentials, run_as: RunAs | None, log: Path, *, durable: bool) -> None:
    """Make sure that a usable cluster with our role and database is in `cluster` and that nothing else works in it.

    A cluster is built beside its place and moved there when it is complete: a start that was interrupted leaves no half
    of one. Raises `CliError`.
    """
    if (cluster / "PG_VERSION").is_file():
        _require_version(cluster)
        recover(cluster)
        return
    partial = cluster.with_name(cluster.name + ".partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700)
        if run_as is not None:
            os.chown(partial, run_as.uid, run_as.gid)
        _initialise(partial, credentials, run_as, log, durable=durable)
        partial.rename(cluster)
    except OSError as error:
        raise unwritable(cluster, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def recover(cluster: Path) -> None:
    """Stop what a killed server left behind, and remove its lock file: its number may be another process by now."""
    stop_processes_in(cluster)
    (cluster / "postmaster.pid").unlink(missing_ok=True)


def _initialise(cluster: Path, credentials: Credentials, run_as: RunAs | None, log: Path, *, durable: bool) -> None:
    sync = () if durable else ("--no-sync",)
    # PostgreSQL's own C.UTF-8: sorting and letter case do not depend on the locales of the machine
    locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    initdb = (str(postgres_program("initdb")), "-D", str(cluster), "-U", "postgres", "-A", "trust", *locale, *sync)
    _run(initdb, "", run_as, log)
    (cluster / "pg_hba.conf").write_text(f"host all all {HOST}/32 scram-sha-256\n", encoding="ascii")
    statements = (  # the passwords are base64url: nothing to quote
        f"ALTER ROLE postgres PASSWORD '{credentials.postgres_admin}'\n"
        f"CREATE ROLE {ROLE} LOGIN PASSWORD '{credentials.postgres}'\n"
        f"CREATE DATABASE {DATABASE} OWNER {ROLE}\n"
    )
    single = (str(postgres_program("postgres")), "--single", "-D", str(cluster), "postgres")
    _run(single, statements, run_as, log)


def _run(command: tuple[str, ...], stdin: str, run_as: RunAs | None, log: Path) -> None:
    with open_log(log) as file:
        try:
            result = subprocess.run(  # noqa: S603 - programs of the wheel, no shell
                launched(command, signal.SIGTERM, run_as),
                input=stdin.encode(),
                stdout=file,
                stderr=file,
                env={"PATH": os.defpath, "LC_ALL": "C"},
                cwd=Path(command[0]).parent,
                timeout=_INIT_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise CliError(
                f"{Path(command[0]).name} did not end within {_INIT_TIMEOUT_S:.0f} s", f"Its log: {log}"
            ) from error
    if result.returncode != 0:
        reason, hint = diagnosis(log)
        raise CliError(f"could not create the database: {reason}", f"{hint} The whole log: {log}".strip())


def _require_version(cluster: Path) -> None:
    found = (cluster / "PG_VERSION").read_text(encoding="ascii").strip()
    output = subprocess.run(  # noqa: S603 - a program of the wheel, no shell
        (str(postgres_program("postgres")), "--version"), capture_output=True, text=True, timeout=10, check=True
    ).stdout
    ours = output.split()[2].split(".")[0]
    if found != ours:
        raise CliError(
            f"the database in {cluster} was made by PostgreSQL {found}, and this is PostgreSQL {ours}",
            f"Start with another --data-dir, and bring the old data over with pg_dump of PostgreSQL {found}.",
        )


def _first_existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _entry(uid: int) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        return None


def _user_name(uid: int) -> str:
    entry = _entry(uid)
    return entry.pw_name if entry is not None else str(uid)


def _may_pass(folder: Path, uid: int, gid: int) -> bool:
    stat = folder.stat()
    bits = stat.st_mode >> 6 if stat.st_uid == uid else stat.st_mode >> 3 if stat.st_gid == gid else stat.st_mode
    return bool(bits & 1)
