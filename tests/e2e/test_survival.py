"""What is left when processes die: everything that was accepted."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from tests.e2e.conftest import FAST_RETRIES, real_servers
from tests.support.system import System, eventually, running

FILMS = (
    "alien-1979", "aliens-1986", "jaws-1975", "fargo-1996", "heat-1995", "zodiac-2007", "se7en-1995", "arrival-2016",
    "sicario-2015", "whiplash-2014",
)  # fmt: skip
LOCALES = ("en-US", "pl-PL", "de-DE", "fr-FR", "es-ES")


@pytest.fixture(params=["embedded", "real"])
def own_system(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[System]:
    """A system that a test may kill; not started yet."""
    servers = real_servers(request) if request.param == "real" else {}
    system = System(tmp_path / "data", servers, FAST_RETRIES)
    yield system
    system.stop()


def post_all(system: System) -> dict[str, tuple[str, str]]:
    """50 jobs: ten films in five languages; job id → (slug, locale)."""
    wanted = [(slug, locale) for slug in FILMS for locale in LOCALES]
    with system.client() as client, ThreadPoolExecutor(20) as pool:

        def post(pair: tuple[str, str]) -> str:
            body = {"entity_type": "MOVIE", "slug": pair[0], "locale": pair[1]}
            answer = client.post("/api/v1/generate", json=body)
            assert answer.status_code == 202, answer.text
            return str(answer.json()["job_id"])

        return dict(zip(pool.map(post, wanted), wanted, strict=True))


def test_kill_9_of_everything_amid_50_jobs_loses_none_and_doubles_none(own_system: System) -> None:
    own_system.start()
    own_system.fault(provider="openai", title="*", fault="none", delay_s=1.0)
    jobs = post_all(own_system)
    eventually(lambda: len(own_system.calls("openai")) >= 5, "the first calls")

    own_system.kill()
    own_system.start()

    ended = {job_id: own_system.finished(job_id, timeout_s=90) for job_id in jobs}
    assert {job["status"] for job in ended.values()} == {"DONE"}
    with own_system.anonymous() as client:
        for slug in FILMS:
            texts = client.get(f"/api/v1/movies/{slug}").json()["descriptions"]
            assert sorted(text["locale"] for text in texts) == sorted(LOCALES)
    assert len({job["text_id"] for job in ended.values()}) == len(jobs)


def test_what_is_posted_while_the_broker_is_away_runs_when_it_is_back(own_system: System) -> None:
    own_system.start()
    broker = broker_process(own_system)
    broker.send_signal(signal.SIGSTOP)
    try:
        with own_system.client() as client:
            body = {"entity_type": "MOVIE", "slug": "the-matrix-1999", "locale": "pl-PL"}
            answer = client.post("/api/v1/generate", json=body)
            waiting = client.get(f"/api/v1/jobs/{answer.json()['job_id']}").json()
            ready = client.get("/health/ready")
    finally:
        broker.send_signal(signal.SIGCONT)

    assert (answer.status_code, waiting["status"], ready.status_code) == (202, "PENDING", 200)
    assert own_system.finished(answer.json()["job_id"], timeout_s=90)["status"] == "DONE"


def broker_process(system: System) -> psutil.Process:
    """The embedded broker, or the private RabbitMQ that listens on the system's port."""
    if "RABBITMQ_URL" not in system.servers:
        return psutil.Process(system.child("broker"))
    port = httpx.URL(system.servers["RABBITMQ_URL"]).port
    for connection in psutil.net_connections("tcp"):
        if (
            connection.status == psutil.CONN_LISTEN
            and connection.laddr
            and connection.laddr.port == port
            and connection.pid
        ):
            return psutil.Process(connection.pid)
    raise AssertionError(f"nobody listens on {port}")


def test_a_dead_service_is_started_again_and_its_job_ends(own_system: System) -> None:
    own_system.start()
    own_system.fault(provider="openai", title="Jaws", fault="hold", times=1)
    with own_system.client() as client:
        job_id = client.post("/api/v1/generate", json={"entity_type": "MOVIE", "slug": "jaws-1975"}).json()["job_id"]
    eventually(lambda: len(own_system.calls("openai", "Jaws")) == 1, "the call")

    os.kill(own_system.child("generator"), signal.SIGKILL)
    own_system.heal()

    job = own_system.finished(job_id, timeout_s=90)
    assert (job["status"], job["attempt"]) == ("DONE", 2)
    assert len(own_system.calls("openai", "Jaws")) == 2


def test_stopping_leaves_no_process_behind_and_keeps_the_data(tmp_path: Path) -> None:
    with running(tmp_path / "data", settings=FAST_RETRIES) as system:
        with system.client() as client:
            answer = client.get("/api/v1/movies/the-matrix-1999")
            system.finished(answer.json()["job_id"])
        family = [child["pid"] for child in system.state["children"]]
        key = system.key
    assert system.process is not None
    assert system.process.returncode == 0
    assert not [pid for pid in family if psutil.pid_exists(pid)]

    with running(tmp_path / "data", settings=FAST_RETRIES) as again, again.client() as client:
        assert client.get("/api/v1/movies/the-matrix-1999").status_code == 200
        assert again.key == key


def test_two_systems_on_one_machine_do_not_meet(tmp_path: Path) -> None:
    with running(tmp_path / "one") as one, running(tmp_path / "two") as two:
        with one.client() as client:
            one.finished(client.get("/api/v1/movies/jaws-1975").json()["job_id"])
            stored = client.get("/api/v1/movies").json()["pagination"]["total"]
        with two.client() as client:
            other = client.get("/api/v1/movies").json()["pagination"]["total"]

        assert (stored, other) == (1, 0)
        assert one.key != two.key


@pytest.mark.parametrize("name", ["postgres", "redis", "broker"])
def test_a_server_that_dies_amid_jobs_costs_time_only(tmp_path: Path, name: str) -> None:
    with running(tmp_path / "data", settings=FAST_RETRIES) as system:
        system.fault(provider="openai", title="*", fault="none", delay_s=0.5)
        jobs = post_all(system)
        eventually(lambda: len(system.calls("openai")) >= 5, "the first calls")

        os.kill(system.child(name), signal.SIGKILL)

        ended = [ended_job(system, job_id) for job_id in jobs]
        assert {job["status"] for job in ended} == {"DONE"}
        assert len({job["text_id"] for job in ended}) == len(jobs)


def ended_job(system: System, job_id: str) -> dict[str, Any]:
    """The job once it is terminal; a gateway whose database is away says so meanwhile."""
    found: dict[str, Any] = {}

    def terminal() -> bool:
        with system.anonymous() as client:
            answer = client.get(f"/api/v1/jobs/{job_id}")
        if answer.status_code == 200:
            found.update(answer.json())
        else:
            assert answer.status_code == 503, answer.text
        return found.get("status") in {"DONE", "FAILED", "CANCELLED"}

    eventually(terminal, f"the end of {job_id}", timeout_s=90)
    return found
