"""What tests do with a running fleet: ask for texts, wait for the ends of jobs, and look at what is left."""

import asyncio
from collections.abc import Collection
from typing import Any, cast

import httpx
from tests.support.fleet import Fleet
from tests.support.invariants import violations
from tests.support.processes import wait_until

from shared.jobs import JobStatus

PATIENCE_S = 90.0
LEFT = """
    SELECT (SELECT count(*) FROM jobs WHERE status IN ('PENDING', 'PROCESSING', 'RETRYING')) AS active,
           (SELECT count(*) FROM outbox) AS unsent
"""
FILMS = (
    "alien-1979",
    "aliens-1986",
    "jaws-1975",
    "fargo-1996",
    "heat-1995",
    "zodiac-2007",
    "se7en-1995",
    "arrival-2016",
)
"""The sandbox knows them."""


def ask(fleet: Fleet, slug: str, *, key: str | None = None, wait_s: int | None = None, **body: Any) -> httpx.Response:
    """One `POST /api/v1/generate`, whatever it answers."""
    headers = ({"Idempotency-Key": key} if key else {}) | ({"Prefer": f"wait={wait_s}"} if wait_s else {})
    with fleet.client() as client:
        return client.post(
            "/api/v1/generate", json={"entity_type": "MOVIE", "slug": slug, **body}, headers=headers, timeout=60
        )


def accepted(fleet: Fleet, slug: str, **options: Any) -> str:
    """The id of the job that was accepted for `slug`."""
    answer = ask(fleet, slug, **options)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["job_id"])


def job(fleet: Fleet, job_id: str) -> dict[str, Any]:
    with fleet.client() as client:
        answer = client.get(f"/api/v1/jobs/{job_id}")
    assert answer.status_code == 200, answer.text
    return cast("dict[str, Any]", answer.json())


def ended(fleet: Fleet, job_ids: Collection[str], timeout_s: float = PATIENCE_S) -> list[dict[str, Any]]:
    """The documents of the jobs, once all of them are terminal. A gateway whose database is away says so meanwhile."""
    known: dict[str, dict[str, Any]] = {}

    def all_ended() -> bool:
        with fleet.client() as client:
            for job_id in set(job_ids) - known.keys():
                answer = client.get(f"/api/v1/jobs/{job_id}")
                assert answer.status_code in {200, 503}, answer.text
                if answer.status_code == 503 or not JobStatus(answer.json()["status"]).terminal:
                    return False
                known[job_id] = answer.json()
        return True

    wait_until(all_ended, f"the end of {len(job_ids)} jobs", timeout_s)
    return [known[job_id] for job_id in job_ids]


def texts_of(fleet: Fleet, job_ids: Collection[str]) -> int:
    """How many texts the jobs published in all."""
    return int(fleet.rows("SELECT count(*) FROM texts WHERE job_id = ANY($1::uuid[])", list(job_ids))[0]["count"])


def attempts_of(fleet: Fleet, job_id: str) -> int:
    return int(fleet.rows("SELECT attempt FROM jobs WHERE id = $1", job_id)[0]["attempt"])


def open_calls(fleet: Fleet, count: int, title: str | None = None) -> None:
    """Return when the model has received `count` calls, answered or not."""
    wait_until(lambda: len(fleet.calls("openai", title)) >= count, f"{count} AI calls")


def settle(fleet: Fleet) -> None:
    """Wait until nothing is left to do, and require every invariant. All four services must run."""

    def nothing_left() -> bool:
        return all(count == 0 for count in fleet.rows(LEFT)[0].values())

    wait_until(nothing_left, "the drain", PATIENCE_S)
    found = asyncio.run(
        violations(fleet.database_url, broker_url=fleet.broker_url, redis_url=fleet.redis_url, drained=True)
    )
    assert found == []
