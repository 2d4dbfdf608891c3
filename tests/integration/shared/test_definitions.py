"""The generated definitions are what RabbitMQ imports, and what the services declare fits to them."""

import asyncio
import json
from pathlib import Path

import pytest
from tests.support.emptying import clear_broker
from tests.support.processes import Server
from tests.support.rabbitmqctl import rabbitmqctl

from shared import topology
from shared.messaging.broker import declare_topology

pytestmark = pytest.mark.rabbit


def test_imported_definitions_fit_and_keep_dead_letters(rabbitmq_server: Server, tmp_path: Path) -> None:
    document = tmp_path / "definitions.json"
    document.write_text(json.dumps(topology.definitions()), encoding="utf-8")
    tmp_path.chmod(0o755)
    asyncio.run(clear_broker(rabbitmq_server.url))

    rabbitmqctl(rabbitmq_server, "import_definitions", str(document))
    asyncio.run(declare_topology(rabbitmq_server.url, "tests"))

    listed = rabbitmqctl(rabbitmq_server, "list_queues", "name", "policy", "--silent").splitlines()
    policies = dict(([*line.split("\t"), ""])[:2] for line in listed)
    ours = {queue.dead_name: "dead-letters-stay" for queue in topology.WORK_QUEUES}
    assert {name: policy for name, policy in policies.items() if policy.strip()} == ours
    assert set(policies) >= {queue.name for queue in topology.WORK_QUEUES}
