"""(b) `POST /api/v1/generate`, each for another identity, against a bare route: INSERT, confirmed publish, 202. No worker runs."""

import time
from dataclasses import replace

from tests.bench.load import Load, run_load
from tests.bench.peers.raw import QUEUE
from tests.bench.peers.store import create_schema
from tests.bench.rounds import Aim, Comparison, Sample, interleave
from tests.bench.scale import Scale
from tests.bench.seeding import make_key
from tests.bench.servers import Ground, await_outbox, purge, value
from tests.bench.subjects import OUR_QUEUE, Subject, gateway, generate_request, peer_api, running

PLAIN, KEYED, PEER = "MovieMind", "MovieMind, Idempotency-Key", "FastAPI + asyncpg + aio-pika"
PUBLISHED, PUBLISHED_KEYED = "MovieMind, until published", "MovieMind, Idempotency-Key, until published"
AIM = Aim(1.0)


class _Accepting:
    """Accepts for a while, then lets the relay finish, so that the next subject has the machine for itself."""

    def __init__(self, ground: Ground, scale: Scale) -> None:
        self._ground = ground
        self._scale = scale
        self.left: list[int] = []
        self.until_published: dict[str, list[Sample]] = {PUBLISHED: [], PUBLISHED_KEYED: []}

    def ours(self, subject: Subject, *, idempotent: bool) -> Sample:
        sample, sent = self._accept(subject, idempotent=idempotent)
        self.left.append(int(value(subject.database_url, "SELECT count(*) FROM outbox")))
        began = time.monotonic()
        await_outbox(subject.database_url)
        accepting_s = sent / sample.rate
        whole = replace(sample, rate=sent / (accepting_s + time.monotonic() - began))
        self.until_published[PUBLISHED_KEYED if idempotent else PUBLISHED].append(whole)
        purge(self._ground.rabbitmq.url, subject.queue)
        return sample

    def peer(self, subject: Subject) -> Sample:
        sample, _ = self._accept(subject, idempotent=False)
        purge(self._ground.rabbitmq.url, subject.queue)
        return sample

    def _accept(self, subject: Subject, *, idempotent: bool) -> tuple[Sample, int]:
        cpu_s = subject.api.cpu_s()
        measured = run_load(
            Load(
                port=subject.port,
                request=generate_request(subject.key, idempotent=idempotent),
                expected=202,
                connections=self._scale.connections,
                seconds=self._scale.seconds,
                warm_up_s=self._scale.warm_up_s,
                first=subject.posted + 1,
            )
        )
        subject.posted += measured.sent
        return Sample.of(measured, subject.api.cpu_s() - cpu_s), measured.sent


def measure(ground: Ground, scale: Scale) -> list[Comparison]:
    with ground.migrated() as database_url, ground.database(create_schema) as peer_url:
        api, port = gateway(ground, database_url)
        peer_process, peer_port = peer_api(ground, "raw", peer_url)
        ours = Subject("MovieMind", port, database_url, OUR_QUEUE, api, key=make_key(database_url))
        peer = Subject("raw", peer_port, peer_url, QUEUE, peer_process)
        accepting = _Accepting(ground, scale)
        with running(api, peer_process):
            subjects = {
                PLAIN: lambda: accepting.ours(ours, idempotent=False),
                KEYED: lambda: accepting.ours(ours, idempotent=True),
                PEER: lambda: accepting.peer(peer),
            }
            samples = interleave("b ", scale.rounds, subjects, ground.checkpoint)
    notes = (
        f"{scale.connections} connections, no workers, the gateway's relay on",
        f"outbox rows left when the load ended: {min(accepting.left)} to {max(accepting.left)}",
    )
    comparisons = [
        ("b1 accept", PLAIN, samples[PLAIN], AIM),
        ("b2 accept with Idempotency-Key", KEYED, samples[KEYED], AIM),
        ("b3 accept and publish", PUBLISHED, accepting.until_published[PUBLISHED], None),
        (
            "b4 accept and publish with Idempotency-Key",
            PUBLISHED_KEYED,
            accepting.until_published[PUBLISHED_KEYED],
            None,
        ),
    ]
    return [
        Comparison(
            name, "req/s", judged, {judged: mine, PEER: samples[PEER]}, aims={PEER: aim} if aim else {}, notes=notes
        )
        for name, judged, mine, aim in comparisons
    ]
