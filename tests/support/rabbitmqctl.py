"""The administrator's commands of a private RabbitMQ node."""

import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.support.processes import Server

BINARY = Path("/usr/lib/rabbitmq/bin/rabbitmqctl")


def rabbitmqctl(server: Server, *arguments: str) -> str:
    """What the command printed. Skips the test where the node is not ours to command."""
    if server.spawn is None or server.directory is None or not BINARY.exists():
        pytest.skip(f"{server.name} is not ours to command: {server.origin}")
    environment = os.environ | {
        "HOME": str(server.directory),  # where the node left its cookie
        "RABBITMQ_CONF_ENV_FILE": str(server.directory / "none"),
    }
    command = [str(BINARY), "-n", f"mm{urlsplit(server.url).port}@localhost", *arguments]
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout
