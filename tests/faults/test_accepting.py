"""Accepting work while something dies, on real processes: F01 to F06, F11, F18."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from tests.faults.conftest import Field
from tests.support.driving import accepted, ask, ended, job, open_calls, settle, texts_of
from tests.support.fleet import Service
from tests.support.processes import Server, wait_until

from shared import ids

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
MATRIX = {"entity_type": "MOVIE", "slug": "the-matrix-1999"}
STORED = """
    SELECT (SELECT count(*) FROM jobs) AS jobs, (SELECT count(*) FROM idempotency_keys) AS keys,
           (SELECT count(*) FROM outbox) AS outbox
"""


@pytest.fixture(scope="module")
def broker(embedded_broker_server: Server) -> Server:
    """One broker is enough: these rows are about the gateway."""
    return embedded_broker_server


@pytest.fixture
def victim(field: Field) -> Iterator[Service]:
    """A second gateway, not started yet."""
    yield field.fleet.add("gateway", "victim")
    victim = field.fleet.services.pop("victim")
    if victim.alive:
        victim.kill()


def ready(field: Field) -> httpx.Response:
    return httpx.get(f"{field.fleet.services['gateway'].url}/health/ready", timeout=20)


def jobs_like(field: Field, slug: str) -> list[str]:
    return [str(row["id"]) for row in field.fleet.rows("SELECT id FROM jobs WHERE requested_slug LIKE $1", slug)]


@pytest.mark.parametrize(
    ("point", "slug", "survives"),
    [
        pytest.param("gateway.before_insert", "alien-1979", False, id="f01_before_the_insert"),
        pytest.param("gateway.before_commit", "aliens-1986", False, id="f02_before_the_commit"),
        pytest.param("gateway.after_commit", "jaws-1975", True, id="f03_after_the_commit"),
    ],
)
def test_f01_f02_f03_a_gateway_that_dies_while_accepting_leaves_one_job_for_the_key(
    field: Field, victim: Service, point: str, slug: str, survives: bool
) -> None:
    fleet, key = field.fleet, str(ids.job_id())
    victim.start(FAULTS=f"{point}=exit137")

    with fleet.client("victim") as client, pytest.raises(httpx.TransportError):
        client.post("/api/v1/generate", json={**MATRIX, "slug": slug}, headers={"Idempotency-Key": key})
    assert victim.ended() == 137
    left = jobs_like(field, slug)
    repeated = ask(fleet, slug, key=key)

    assert (repeated.status_code, repeated.headers.get("Idempotent-Replayed") == "true") == (202, survives)
    assert jobs_like(field, slug) == [repeated.json()["job_id"]]
    assert left == ([repeated.json()["job_id"]] if survives else [])
    assert ended(fleet, [repeated.json()["job_id"]])[0]["status"] == "DONE"
    settle(fleet)


def test_f04_without_the_broker_work_is_accepted_and_goes_out_when_it_is_back(field: Field) -> None:
    fleet = field.fleet
    stored = accepted(fleet, "heat-1995")
    ended(fleet, [stored])
    field.to_broker.refuse()

    job_id = accepted(fleet, "heat-1995", locale="pl-PL")
    wait_until(lambda: ready(field).json()["checks"]["rabbitmq"]["status"] == "degraded", "the loss to be seen")
    with fleet.client() as client:
        refreshed = client.post("/api/v1/movies/heat-1995/refresh", headers={"Prefer": "wait=1"})
    fleet.rows("UPDATE outbox SET available_at = now() - interval '31 s'")
    late = ready(field)

    assert (refreshed.status_code, job(fleet, job_id)["status"]) == (202, "PENDING")
    assert (late.status_code, late.json()["checks"]["outbox"]) == (200, {"status": "degraded"})
    assert fleet.rows("SELECT count(*) FROM outbox WHERE type LIKE '%.requested'") == [{"count": 2}]
    field.to_broker.heal()
    assert {document["status"] for document in ended(fleet, [job_id, refreshed.json()["job_id"]])} == {"DONE"}
    settle(fleet)


def test_f05_without_postgres_nothing_is_stored_and_the_gateway_recovers_alone(field: Field) -> None:
    fleet, key = field.fleet, str(ids.job_id())
    settle(fleet)
    before = fleet.rows(STORED)

    field.to_postgres.refuse()
    refused = ask(fleet, "zodiac-2007", key=key)
    not_ready = ready(field)
    field.to_postgres.heal()
    fleet.services["gateway"].wait_ready()
    after = fleet.rows(STORED)
    repeated = ask(fleet, "zodiac-2007", key=key)

    assert (refused.status_code, refused.json()["dependency"]) == (503, "postgres")
    assert refused.json()["type"] == "urn:moviemind:problem:dependency-unavailable"
    assert int(refused.headers["Retry-After"]) >= 1
    assert (not_ready.status_code, not_ready.json()["checks"]["postgres"]) == (503, {"status": "error"})
    assert after == before
    assert (repeated.status_code, "Idempotent-Replayed" in repeated.headers) == (202, False)
    ended(fleet, [repeated.json()["job_id"]])
    settle(fleet)


@pytest.mark.parametrize("how", ["refuse", "silence"])
def test_f06_without_redis_work_is_accepted_once_and_reads_come_from_postgres(field: Field, how: str) -> None:
    """Limits of request rates come with plans; until then there is nothing in Redis that would have to be counted elsewhere."""
    fleet, key, locale = field.fleet, str(ids.job_id()), {"refuse": "en-US", "silence": "pl-PL"}[how]
    ended(fleet, [accepted(fleet, "fargo-1996", locale=locale)])
    fleet.fault(provider="openai", title="Se7en", fault="hold")
    getattr(field.to_redis, how)()

    answers = [ask(fleet, "se7en-1995", key=key, locale=locale) for _ in range(2)]
    joined = ask(fleet, "se7en-1995", locale=locale)
    with fleet.client() as client, ThreadPoolExecutor(20) as pool:
        reads = list(pool.map(client.get, ["/api/v1/movies/fargo-1996"] * 40))
    checks = ready(field)

    assert [answer.status_code for answer in (*answers, joined)] == [202] * 3
    assert len({answer.json()["job_id"] for answer in (*answers, joined)}) == 1
    assert {read.status_code for read in reads} == {200}
    assert (checks.status_code, checks.json()["checks"]["redis"]) == (200, {"status": "degraded"})
    field.to_redis.heal()
    fleet.heal()
    ended(fleet, [answers[0].json()["job_id"]])
    settle(fleet)


def test_f11_one_identity_in_every_spelling_costs_one_job_and_one_call(field: Field) -> None:
    fleet = field.fleet
    fleet.fault(provider="openai", title="The Matrix", fault="hold")
    spellings = ["the-matrix-1999", "The_Matrix 1999", "the-matrix"]

    with fleet.client() as client, ThreadPoolExecutor(24) as pool:
        posts = [pool.submit(ask, fleet, spellings[turn % 3]) for turn in range(60)]
        reads = [pool.submit(client.get, "/api/v1/movies/the-matrix-1999") for _ in range(60)]
        answers = [future.result() for future in (*posts, *reads)]
    open_calls(fleet, 1, "The Matrix")
    fleet.heal()

    assert {answer.status_code for answer in answers} == {202}
    jobs = sorted({str(answer.json()["job_id"]) for answer in answers})
    assert len(jobs) <= 2  # a spelling without the year waits for the job of the film that it turns out to be
    documents = ended(fleet, jobs)
    assert {document["status"] for document in documents} == {"DONE"}
    assert len({document["text_id"] for document in documents}) == 1
    assert len(fleet.calls("openai", "The Matrix")) == 1
    settle(fleet)


def test_f11_force_supersedes_the_active_job_and_its_late_result_is_discarded(field: Field) -> None:
    fleet = field.fleet
    fleet.fault(provider="openai", title="Arrival", fault="hold", times=1)
    old = accepted(fleet, "arrival-2016")
    open_calls(fleet, 1, "Arrival")

    new = accepted(fleet, "arrival-2016", force=True)
    (done,) = ended(fleet, [new])
    fleet.heal()

    (superseded,) = ended(fleet, [old])
    settle(fleet)
    assert (superseded["status"], superseded["superseded_by"], done["status"]) == ("CANCELLED", new, "DONE")
    assert (texts_of(fleet, [old]), texts_of(fleet, [new])) == (0, 1)
    assert len(fleet.calls("openai", "Arrival")) == 2


def test_f18_under_load_sigterm_ends_the_gateway_without_one_broken_answer(field: Field, victim: Service) -> None:
    fleet = field.fleet
    fleet.fault(provider="tmdb", title="*", fault="hang")
    victim.start()
    answers: list[httpx.Response] = []
    refused: list[httpx.TransportError] = []

    def post(number: int) -> None:
        body = {**MATRIX, "slug": f"film-{number}-1999"}
        try:
            answers.append(
                client.post("/api/v1/generate", json=body, headers={"Prefer": "wait=30"} if number % 2 else {})
            )
        except httpx.TransportError as error:
            refused.append(error)

    with fleet.client("victim") as client, ThreadPoolExecutor(32) as pool:
        posts = [pool.submit(post, number) for number in range(2000)]
        wait_until(lambda: len(answers) >= 16, "load")
        status = victim.terminate()
        for future in posts:
            future.result()

    assert status == 0
    assert refused
    assert {answer.status_code for answer in answers} == {202}
    assert {answer.json()["job_id"] for answer in answers} == set(jobs_like(field, "film-%"))
