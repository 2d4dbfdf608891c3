"""Every row of the read side of the wire contract, asked of a whole running system."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from tests.contracts.http.contract import Contract, published
from tests.contracts.http.library import FORMER, Library
from tests.contracts.http.rows import details, jobs, lists, relations, searches
from tests.contracts.http.rows.row import ABSENT, Row, filled, fits, member, names_of

from shared.entities import EntityKind

SECTIONS = (details, lists, searches, relations, jobs)
ROWS = [(row, kind) for section in SECTIONS for row in section.ROWS for kind in row.kinds]
NO_GENERATION = dict.fromkeys(("FEATURE_AI_DESCRIPTION_GENERATION", "FEATURE_AI_BIO_GENERATION"), "false")
NO_VERIFICATION = dict.fromkeys(("FEATURE_TMDB_VERIFICATION", "FEATURE_TVMAZE_VERIFICATION"), "false")


@dataclass(frozen=True, slots=True)
class Stage:
    """A library in which no job moves any more, seen through gateways with different settings."""

    library: Library
    contract: Contract
    names: Mapping[EntityKind, Mapping[str, str]]

    def ask(self, row: Row, kind: EntityKind, sent: Mapping[str, str]) -> httpx.Response:
        method, path = filled(row.request, self.names[kind]).split(" ", 1)
        body = (
            row.body
            if isinstance(row.body, bytes) or row.body is None
            else json.dumps(filled(row.body, self.names[kind]))
        )
        headers = {
            "X-API-Key": self.library.fleet.key,
            **({"Content-Type": "application/json"} if body else {}),
            **sent,
        }
        url = f"{self.library.fleet.services[row.at].url}{path}"
        return httpx.request(method, url, content=body, headers=headers, timeout=60)


@pytest.fixture(scope="module")
def stage(filled: Library) -> Stage:
    fleet = filled.fleet
    others = (
        fleet.add("gateway", "no-generation", **NO_GENERATION),
        fleet.add("gateway", "no-verification", **NO_VERIFICATION),
        fleet.add("gateway", "no-catalogue", TMDB_BASE_URL="http://127.0.0.1:9/3"),
    )
    for gateway in others:
        gateway.spawn()
    names = {kind: _names(filled, kind) for kind in EntityKind}
    fleet.services["generator"].terminate()
    with filled.client(X_API_Key=fleet.key) as http:
        for own in names.values():
            held = http.get(f"/api/v1/{own['type']}/{own['held']}")
            own["held_job"] = held.json()["job_id"]
    for gateway in others:
        gateway.wait_ready()
    return Stage(filled, published(), names)


def _names(library: Library, kind: EntityKind) -> dict[str, str]:
    """What a row can name: texts, tags and jobs of the first stored entity of `kind`."""
    names = {**names_of(kind), "url": library.url, "former": FORMER, "failed_job": library.failed_job}
    with library.client(X_API_Key=library.fleet.key) as http:
        document: dict[str, Any] = http.get(f"/api/v1/{names['type']}/{names['slug']}").raise_for_status().json()
        page: dict[str, Any] = http.get(f"/api/v1/{names['type']}?per_page=1").raise_for_status().json()
        headers = {"Prefer": "respond-async", "Idempotency-Key": f"refresh-of-{names['type']}"}
        refresh = http.post(f"/api/v1/{names['type']}/{names['slug']}/refresh", headers=headers).raise_for_status()
        http.get(f"/api/v1/jobs/{refresh.json()['job_id']}", headers={"Prefer": "wait=30"})
        jobs_of = [http.get(f"/api/v1/jobs/{job}").json() for job in library.jobs]
    done = next(job for job in jobs_of if job["id"] == document["id"] and job["locale"] == "en-US")
    own = {"id": document["id"], "default_text": document[f"default_{names['text_id']}"], "job": done["job_id"]}
    return {
        **names,
        **own,
        "cursor": page["pagination"].get("next_cursor", ""),
        "refresh_job": refresh.json()["job_id"],
    }


@pytest.mark.parametrize(("row", "kind"), ROWS, ids=[f"{row.section} {row.what} ({kind})" for row, kind in ROWS])
def test_the_wire_is_as_the_contract_says(row: Row, kind: EntityKind, stage: Stage) -> None:
    names = stage.names[kind]
    if any("{etag}" in value for value in row.sent.values()):
        names = {**names, "etag": stage.ask(row, kind, {}).headers["etag"]}

    answer = stage.ask(row, kind, filled(row.sent, names))

    shown = f"{answer.request.method} {answer.url}: {answer.status_code} {dict(answer.headers)}\n{answer.text[:2000]}"
    assert answer.status_code == row.status, shown
    document = answer.json() if row.members else None
    for path, expected in filled(row.members, names).items():
        assert fits(member(document, path), expected), f"{path} is not {expected}; {shown}"
    for name, expected in filled(row.headers, names).items():
        assert fits(answer.headers.get(name, ABSENT), expected), f"{name} is not {expected}; {shown}"
    if answer.request.method != "HEAD" and answer.request.method in stage.contract.methods(answer.url.path):
        assert not stage.contract.deviations(answer), shown
