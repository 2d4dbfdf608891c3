"""An operator stops all AI calls, on real processes: nothing new begins, nothing is lost, and everything goes on afterwards."""

import signal
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.faults.operating import TOKEN
from tests.support.driving import FILMS, accepted, attempts_of, ended, job, open_calls, texts_of
from tests.support.fleet import Fleet, Service, fleet
from tests.support.processes import Server, wait_until

BUSY, *WAITING = FILMS[:6]
TITLE = "Alien"
REASON = {"reason": "the model writes nonsense"}


@pytest.fixture(scope="module")
def stopping(postgres_server: Server, rabbitmq_server: Server, redis_server: Server) -> Iterator[Fleet]:
    """A gateway and two generators."""
    settings = {"ADMIN_API_TOKEN": TOKEN, "GENERATOR_CONCURRENCY": "2"}
    with fleet(postgres_server, rabbitmq_server, redis_server, settings) as made:
        made.start("gateway")
        for name in ("first", "second"):
            made.add("generator", name).start()
        yield made


def turn(fleet: Fleet, action: str) -> dict[str, Any]:
    url = f"{fleet.services['gateway'].url}/api/v1/admin/ai/{action}"
    answer = httpx.post(url, json=REASON, headers={"X-Admin-Token": TOKEN}, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def switch_of(service: Service) -> tuple[int, str]:
    answer = httpx.get(f"{service.url}/health/ready", timeout=5)
    return answer.status_code, answer.json()["checks"]["ai_switch"]["status"]


def test_a_stop_holds_for_every_worker_and_a_resume_loses_nothing(stopping: Fleet) -> None:
    workers = [stopping.services["first"], stopping.services["second"]]
    stopping.fault(provider="openai", title=TITLE, fault="hold", times=1)
    under_way = accepted(stopping, BUSY)
    open_calls(stopping, 1)

    stopped = turn(stopping, "stop")
    states = [switch_of(worker) for worker in workers]
    job_ids = [accepted(stopping, slug) for slug in WAITING]
    stopping.rows("UPDATE jobs SET deadline_at = now() + interval '3 seconds' WHERE id = $1::uuid", job_ids[0])
    stopping.heal()
    (finished, late) = ended(stopping, [under_way, job_ids[0]])
    waiting = {job(stopping, job_id)["status"] for job_id in job_ids[1:]}
    calls_while_stopped = len(stopping.calls("openai"))
    turn(stopping, "resume")
    documents = ended(stopping, job_ids[1:], timeout_s=30)

    assert stopped["stopped"] is True
    assert states == [(200, "degraded")] * 2
    assert finished["status"] == "DONE"
    assert (late["status"], late["error"]["type"]) == ("FAILED", "TIMEOUT")
    assert waiting <= {"PENDING", "RETRYING"}
    assert calls_while_stopped == 1
    assert [document["status"] for document in documents] == ["DONE"] * 4
    assert {attempts_of(stopping, job_id) for job_id in job_ids[1:]} == {1}
    assert texts_of(stopping, [under_way, *job_ids]) == len(stopping.calls("openai")) == 5
    assert [switch_of(worker) for worker in workers] == [(200, "ok")] * 2


def test_a_worker_that_starts_while_calls_are_stopped_makes_none(stopping: Fleet) -> None:
    turn(stopping, "stop")
    for name in ("first", "second"):
        stopping.services[name].signal(signal.SIGKILL)
        stopping.services[name].ended()
    before = len(stopping.calls("openai"))
    job_id = accepted(stopping, FILMS[6])

    stopping.services["first"].start()
    wait_until(lambda: switch_of(stopping.services["first"]) == (200, "degraded"), "the probe")
    wait_until(lambda: not stopping.rows("SELECT FROM outbox WHERE available_at <= now()"), "the relay")
    while_stopped = len(stopping.calls("openai")) - before
    turn(stopping, "resume")
    (document,) = ended(stopping, [job_id])

    assert (document["status"], attempts_of(stopping, job_id), while_stopped) == ("DONE", 1, 0)
