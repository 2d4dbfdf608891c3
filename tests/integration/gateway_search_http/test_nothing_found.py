"""Searches that find nothing: an empty answer, no results, or the job of a name."""

from typing import Any

import pytest
from tests.integration.gateway_search.library import MOVIE
from tests.integration.gateway_search_http.harness import Gateway, Running

from shared.entities import EntityKind

every_kind = pytest.mark.parametrize("kind", EntityKind)
UNHEARD = "unheard of anywhere"
NOTHING: dict[str, Any] = {
    "results": [],
    "total": 0,
    "local_count": 0,
    "external_count": 0,
    "match_type": "none",
    "confidence": 0,
}


@every_kind
async def test_without_q_nothing_is_an_empty_answer(gateway: Gateway, kind: EntityKind) -> None:
    found = await gateway.find(kind)

    assert found == NOTHING | {"external_status": "off", "facets": {name: [] for name in found["facets"]}}


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (EntityKind.MOVIE, "No movies found"),
        (EntityKind.PERSON, "No people found"),
        (EntityKind.TV_SERIES, "No TV series found"),
        (EntityKind.TV_SHOW, "No TV shows found"),
    ],
)
async def test_with_q_nothing_is_404_with_an_empty_search_in_it(gateway: Gateway, kind: EntityKind, error: str) -> None:
    answer = await gateway.search(kind, q=UNHEARD)

    body = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.headers["cache-control"] == "no-store"
    assert {name: body[name] for name in NOTHING} == NOTHING
    assert (body["type"], body["error"]) == ("urn:moviemind:problem:no-results", error)
    assert body["detail"] == body["message"] == f"Nothing found for '{UNHEARD}'."


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("pl", f"Nic nie znaleziono dla „{UNHEARD}”."),
        ("de", f"Nichts gefunden für „{UNHEARD}“."),
        ("fr", f"Aucun résultat pour « {UNHEARD} »."),
        ("es", f"No se encontró nada para «{UNHEARD}»."),
    ],
)
async def test_the_sentence_is_in_the_readers_language(gateway: Gateway, language: str, sentence: str) -> None:
    answer = await gateway.http.get(
        "/api/v1/movies/search", params={"q": UNHEARD}, headers={"Accept-Language": language}
    )

    assert (answer.json()["detail"], answer.headers["content-language"]) == (sentence, language)


async def test_a_name_that_tmdb_only_knows_as_a_slug_starts_its_job_once(gateway: Gateway) -> None:
    first = await gateway.search(MOVIE, q="The Matrix 1999")
    second = await gateway.search(MOVIE, q="the matrix (1999)")

    job = await gateway.http.get(first.headers["location"])
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.headers["cache-control"] == "no-store"
    assert int(first.headers["retry-after"]) > 0
    assert first.json()["job_id"] == second.json()["job_id"] == job.json()["job_id"]
    assert (first.json()["slug"], job.json()["status"]) == ("the-matrix-1999", "PENDING")


@pytest.mark.parametrize(
    "more",
    [{"source": "local"}, {"year": 1999}, {"genre": "action"}, {"actor": "Keanu Reeves"}, {"has_text": "en-US"}],
    ids=lambda more: next(iter(more)),
)
async def test_a_job_is_started_by_a_mere_name_only(gateway: Gateway, more: dict[str, Any]) -> None:
    answer = await gateway.search(MOVIE, q="the matrix 1999", **more)

    assert answer.status_code == 404


async def test_head_starts_no_job_and_has_no_body(gateway: Gateway) -> None:
    path = "/api/v1/movies/search"

    asked = await gateway.http.head(path, params={"q": "the matrix 1999"})
    found = await gateway.http.head(path, params={"q": "matrix"})

    assert (asked.status_code, asked.content) == (404, b"")
    assert (found.status_code, found.content) == (200, b"")
    assert found.headers["etag"] == (await gateway.search(MOVIE, q="matrix")).headers["etag"]


@every_kind
async def test_without_verification_a_name_is_taken_at_its_word(running: Running, kind: EntityKind) -> None:
    async with running(feature_tmdb_verification=False, feature_tvmaze_verification=False) as gateway:
        answer = await gateway.search(kind, q=UNHEARD)

        assert (answer.status_code, answer.json()["slug"]) == (202, "unheard-of-anywhere")
        assert await gateway.searches() == 0


async def test_without_generation_there_is_no_job(running: Running) -> None:
    async with running(feature_ai_description_generation=False) as gateway:
        assert (await gateway.search(MOVIE, q="the matrix 1999")).status_code == 404


async def test_who_may_start_no_more_jobs_is_told_so(running: Running) -> None:
    async with running(anonymous_generation_limit=0) as gateway:
        answer = await gateway.search(MOVIE, q="the matrix 1999")

        assert (answer.status_code, answer.json()["violated-policies"]) == (429, ["anonymous-generation"])


@pytest.mark.parametrize("q", ["%", "_", "!?", "<script>", "../../etc", "🎬", "{q}", "%00" * 3, "x" * 255, "ﷺ" * 255])
async def test_odd_questions_are_answered(gateway: Gateway, q: str) -> None:
    answer = await gateway.search(MOVIE, q=q)

    assert answer.status_code in {200, 202, 404}
    assert answer.status_code != 202 or q == "x" * 255
