"""`python -m embedded_amqp`: run the broker until SIGTERM or SIGINT.

Prints one JSON line with `url` (without the password) and `port` once it listens. What keeps it from running is one
line on stderr and exit code 1; wrong arguments are exit code 2.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Final, NoReturn

from embedded_amqp.journal import JournalError
from embedded_amqp.server import Server, Settings

_PASSWORD: Final = "EMBEDDED_AMQP_PASSWORD"  # noqa: S105 - the variable's name
_MIB: Final = 1024 * 1024


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


class _Arguments(argparse.Namespace):
    host: str
    port: int
    journal: Path | None
    user: str
    password_file: Path | None
    memory_limit_mb: int


def _settings(arguments: list[str]) -> Settings:
    parser = _Parser(prog="embedded_amqp", description="A single-machine AMQP 0-9-1 broker.", allow_abbrev=False)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes a free port")
    parser.add_argument("--journal", type=Path, help="file that keeps durable queues; none: nothing survives a restart")
    parser.add_argument("--user", default="guest")
    parser.add_argument("--password-file", type=Path, help=f"default: the environment variable {_PASSWORD}")
    parser.add_argument("--memory-limit-mb", type=int, default=256, help="publishers are blocked above it")
    parsed = parser.parse_args(arguments, namespace=_Arguments())
    if not 0 <= parsed.port <= 65535:
        parser.error(f"--port {parsed.port} is not between 0 and 65535")
    if parsed.memory_limit_mb < 1:
        parser.error("--memory-limit-mb must be at least 1")
    return Settings(
        host=parsed.host,
        port=parsed.port,
        user=parsed.user,
        password=_password(parser, parsed.password_file),
        journal=parsed.journal,
        memory_limit_bytes=parsed.memory_limit_mb * _MIB,
    )


def _password(parser: _Parser, path: Path | None) -> str:
    try:
        password = os.environ.get(_PASSWORD, "") if path is None else path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        parser.error(f"--password-file {path}: {error}")
    if not password:
        parser.error(f"a password is needed: --password-file or {_PASSWORD}")
    return password


async def _serve(settings: Settings) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with Server(settings) as server:
        print(json.dumps({"url": server.public_url, "port": server.port}), flush=True)  # noqa: T201 - for the caller
        waiting = {asyncio.ensure_future(stopped.wait()), asyncio.ensure_future(server.failure())}
        done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        for task in done:
            if isinstance(failure := task.result(), JournalError):
                raise failure


def main(arguments: list[str]) -> int:
    """The exit code."""
    settings = _settings(arguments)
    try:
        asyncio.run(_serve(settings))
    except (OSError, JournalError) as error:
        sys.stderr.write(f"embedded_amqp: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
