"""The embedded Redis: its configuration file and command line."""

from pathlib import Path

from moviemind.paths import DataDir, write_private
from moviemind.supervisor.binaries import redis_server
from moviemind.supervisor.credentials import Credentials
from moviemind.supervisor.ports import HOST

MAX_MEMORY = "256mb"


def url(port: int, credentials: Credentials) -> str:
    return f"redis://:{credentials.redis}@{HOST}:{port}/0"


def configure(data: DataDir, port: int, credentials: Credentials) -> tuple[str, ...]:
    """Write the configuration (it holds the password) and return the command line. Raises `CliError`.

    Nothing is saved: losing Redis costs speed and never data. When memory is used up, what expires soonest goes: a
    response body before the version that guards it, which must outlive it.
    """
    path = data.redis / "redis.conf"
    write_private(
        path,
        f"bind {HOST}\nport {port}\ndir {_quoted(data.redis)}\nrequirepass {credentials.redis}\n"
        f'save ""\nappendonly no\nmaxmemory {MAX_MEMORY}\nmaxmemory-policy volatile-ttl\n'
        # the title would hide the command line by which an orphan is known
        "set-proc-title no\ndaemonize no\n",
    )
    return (str(redis_server()), str(path))


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'
