"""The main job end to end: read something unknown, get it written, read it."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import httpx
import pytest
from tests.support.system import System


def generate(system: System, **body: Any) -> httpx.Response:
    with system.client() as client:
        return client.post("/api/v1/generate", json=body)


def read(system: System, path: str, **parameters: str) -> dict[str, Any]:
    with system.anonymous() as client:
        return cast("dict[str, Any]", client.get(f"/api/v1/{path}", params=parameters).raise_for_status().json())


def written(system: System, path: str, **parameters: str) -> dict[str, Any]:
    """Read until the job that the read queued is done; the entity."""
    with system.anonymous() as client:
        first = client.get(f"/api/v1/{path}", params=parameters)
        assert first.status_code == 202, first.text
        job = system.finished(first.json()["job_id"])
        assert job["status"] == "DONE", job
    return read(system, path, **parameters)


def test_an_unknown_film_is_202_and_then_200(system: System) -> None:
    film = written(system, "movies/the-matrix-1999")

    assert (film["title"], film["release_year"], film["slug"]) == ("The Matrix", 1999, "the-matrix-1999")
    assert film["default_description"]["locale"] == "en-US"
    assert 50 <= len(film["default_description"]["text"]) <= 5000
    assert {"Keanu Reeves", "Lana Wachowski"} <= {credit["name"] for credit in film["people"]}
    assert "tmdb_id" not in str(film)


def test_the_same_film_in_polish_is_its_own_text(system: System) -> None:
    film = written(system, "movies/inception-2010", locale="pl-PL")

    assert film["selected_description"]["locale"] == "pl-PL"
    assert len(system.calls("openai", "Inception")) == 1


@pytest.mark.parametrize(
    ("path", "name"),
    [("people/keanu-reeves", "name"), ("tv-series/breaking-bad-2008", "title"), ("tv-shows/jeopardy-1984", "title")],
)
def test_every_kind_is_written_in_the_same_way(system: System, path: str, name: str) -> None:
    entity = written(system, path)

    texts = entity["bios"] if path.startswith("people") else entity["descriptions"]
    assert entity[name]
    assert len(texts) == 1


def test_the_credited_people_can_be_followed(system: System) -> None:
    film = written(system, "movies/heat-1995")

    with system.anonymous() as client:
        statuses = {client.get(credit["href"]).status_code for credit in film["_links"]["people"][:3]}

    assert statuses <= {200, 202}


def test_300_parallel_posts_are_one_job_one_call_and_one_text(system: System) -> None:
    body = {"entity_type": "MOVIE", "slug": "arrival-2016", "locale": "de-DE", "context_tag": "modern"}
    system.fault(provider="openai", title="Arrival", fault="hold")

    with ThreadPoolExecutor(60) as pool, system.client() as client:
        posts = [pool.submit(client.post, "/api/v1/generate", json=body) for _ in range(300)]
        answers = [post.result() for post in posts]
    system.heal()

    assert {answer.status_code for answer in answers} == {202}
    (job_id,) = {answer.json()["job_id"] for answer in answers}
    assert system.finished(job_id)["status"] == "DONE"
    assert len(system.calls("openai", "Arrival")) == 1
    assert len(read(system, "movies/arrival-2016")["descriptions"]) == 1


def test_300_parallel_reads_of_an_unknown_title_are_one_job_and_one_call(system: System) -> None:
    system.fault(provider="openai", title="Whiplash", fault="hold")
    paths = ["/api/v1/movies/whiplash-2014", "/api/v1/movies/whiplash"]

    with ThreadPoolExecutor(60) as pool, system.anonymous() as client:
        answers = list(pool.map(client.get, paths * 150))
    system.heal()

    assert {answer.status_code for answer in answers} == {202}
    (job_id,) = {answer.json()["job_id"] for answer in answers}
    assert system.finished(job_id)["status"] == "DONE"
    assert len(system.calls("openai", "Whiplash")) == 1
    assert len(read(system, "movies/whiplash-2014")["descriptions"]) == 1


def test_a_second_request_joins_the_active_job_and_force_supersedes_it(system: System) -> None:
    body = {"entity_type": "MOVIE", "slug": "sicario-2015", "locale": "fr-FR", "context_tag": "critical"}
    system.fault(provider="openai", title="Sicario", fault="hold")

    first, joined = generate(system, **body).json(), generate(system, **body).json()
    forced = generate(system, **body, force=True).json()
    system.heal()

    assert joined["job_id"] == first["job_id"] != forced["job_id"]
    assert system.finished(first["job_id"])["superseded_by"] == forced["job_id"]
    done = system.finished(forced["job_id"])
    assert done["status"] == "DONE"
    assert [text["id"] for text in read(system, "movies/sicario-2015")["descriptions"]] == [done["text_id"]]


def test_a_refresh_shows_the_new_facts_in_the_next_read(system: System) -> None:
    before = written(system, "movies/alien-1979")
    with system.sandbox() as sandbox:
        sandbox.patch("/facts/movie/348", json={"genres": ["Horror"]}).raise_for_status()

    with system.anonymous() as client:
        answer = client.post("/api/v1/movies/alien-1979/refresh")
        after = client.get("/api/v1/movies/alien-1979").json()

    assert answer.status_code == 200, answer.text
    assert answer.json()["movie_id"] == before["id"]
    assert after["genres"] == ["Horror"] != before["genres"]
    assert after["descriptions"] == before["descriptions"]


def test_whoever_was_told_done_reads_the_new_text(system: System) -> None:
    written(system, "movies/zodiac-2007")
    for tag in ("modern", "critical", "humorous"):
        read(system, "movies/zodiac-2007")

        with system.client() as client:
            body = {"entity_type": "MOVIE", "slug": "zodiac-2007", "context_tag": tag}
            job = client.post("/api/v1/generate", json=body, headers={"Prefer": "wait=30"}).json()
            texts = client.get("/api/v1/movies/zodiac-2007").json()["descriptions"]

        assert job["status"] == "DONE"
        assert job["text_id"] in [text["id"] for text in texts]


@pytest.mark.parametrize("fault", ["throttle", "error", "truncate", "malformed"])
def test_a_passing_fault_of_the_provider_is_survived(system: System, fault: str) -> None:
    title = {"throttle": "Get Out", "error": "Moonlight", "truncate": "Se7en", "malformed": "Fargo"}[fault]
    slug = {"throttle": "get-out-2017", "error": "moonlight-2016", "truncate": "se7en-1995", "malformed": "fargo-1996"}[
        fault
    ]
    system.fault(provider="openai", title=title, fault=fault, times=1, retry_after_s=1)

    film = written(system, f"movies/{slug}")

    assert len(film["descriptions"]) == 1


def test_a_title_that_does_not_exist_is_404_and_nothing_is_stored(system: System) -> None:
    with system.client() as client:
        answer = client.get("/api/v1/movies/the-matrics-1999")
        posted = client.post("/api/v1/generate", json={"entity_type": "MOVIE", "slug": "the-matrics-1999"})
        failed = system.finished(posted.json()["job_id"])

    assert answer.status_code == 404
    assert "the-matrix-1999" in [near["slug"] for near in answer.json()["suggested_slugs"]]
    assert (failed["status"], failed["error"]["type"]) == ("FAILED", "NOT_FOUND")
    assert "the-matrix-1999" in [near["slug"] for near in failed["error"]["suggested_slugs"]]
