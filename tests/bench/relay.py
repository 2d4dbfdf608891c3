"""(d) The relay of one gateway against aio-pika that publishes the same bodies and has no table to care for."""

import json
import os
import subprocess
import sys
import time

from tests.bench.outbox_rows import add_due_rows
from tests.bench.rounds import Comparison, Sample, interleave
from tests.bench.scale import Scale
from tests.bench.servers import Ground, await_outbox, purge
from tests.bench.subjects import OUR_QUEUE, Process, gateway, peer_settings, running

OURS, PEER = "MovieMind's relay", "aio-pika, batches of 200"


def measure(ground: Ground, scale: Scale) -> list[Comparison]:
    with ground.migrated() as database_url:
        api, _ = gateway(ground, database_url)
        with running(api):
            subjects = {
                OURS: lambda: _relay(ground, api, database_url, scale.relay_rows),
                PEER: lambda: _publish(ground, database_url, scale.relay_rows),
            }
            samples = interleave("d ", scale.rounds, subjects, ground.checkpoint)
    notes = (f"{scale.relay_rows} events to one quorum queue; the relay reads, publishes, deletes and commits",)
    return [Comparison("d relay", "rows/s", OURS, samples, notes=notes)]


def _relay(ground: Ground, api: Process, database_url: str, count: int) -> Sample:
    cpu_s = api.cpu_s()
    add_due_rows(database_url, count)
    began = time.monotonic()
    await_outbox(database_url)
    seconds = time.monotonic() - began
    sample = Sample(count / seconds, cpu_ms=(api.cpu_s() - cpu_s) / count * 1000)
    purge(ground.rabbitmq.url, OUR_QUEUE)
    return sample


def _publish(ground: Ground, database_url: str, count: int) -> Sample:
    command = [sys.executable, "-m", "tests.bench.peers.publish", str(count)]
    environment = {**os.environ, **peer_settings(ground, database_url)}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=True)
    taken = json.loads(run.stdout)
    purge(ground.rabbitmq.url, OUR_QUEUE)
    return Sample(count / taken["seconds"], cpu_ms=taken["cpu_s"] / count * 1000)
