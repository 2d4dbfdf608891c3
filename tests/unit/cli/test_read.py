import httpx
import pytest
from tests.unit.cli.test_api import JOB, Handler, api_of, event, stream

from moviemind.api_models import Found
from moviemind.commands.read import print_found, until_written
from moviemind.errors import CliError
from shared.entities import KINDS, EntityKind

MOVIE = EntityKind.MOVIE
MATRIX = {"slug": "the-matrix-1999", "title": "The Matrix"}
ENDED = {
    "job_id": JOB, "kind": "generation", "status": "DONE", "entity": "MOVIE", "slug": "the-matrix-1999", "attempt": 1, "max_attempts": 3,
    "created_at": "2026-11-20T00:00:00Z",
}  # fmt: skip


def in_turn(*answers: httpx.Response) -> tuple[Handler, list[str]]:
    asked: list[str] = []

    def gateway(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path.removeprefix("/api/v1"))
        return answers[len(asked) - 1]

    return gateway, asked


async def test_what_is_missing_is_written_and_then_read_under_its_own_slug() -> None:
    queued = httpx.Response(202, json={"job_id": JOB, "status": "PENDING", "slug": "matrix"})
    ended = httpx.Response(200, json=ENDED)
    gateway, asked = in_turn(queued, stream(event(1, "DONE")), ended, httpx.Response(200, json=MATRIX))

    answer = await until_written(api_of(gateway), MOVIE, "matrix", {})

    assert answer.body == MATRIX
    assert asked == ["/movies/matrix", f"/jobs/{JOB}/events", f"/jobs/{JOB}", "/movies/the-matrix-1999"]


async def test_a_former_slug_is_followed() -> None:
    moved = httpx.Response(301, headers={"Location": "/api/v1/movies/the-matrix-1999?locale=pl-PL"})
    gateway, asked = in_turn(moved, httpx.Response(200, json=MATRIX))

    await until_written(api_of(gateway), MOVIE, "matrix-1999", {"locale": "pl-PL"})

    assert asked == ["/movies/matrix-1999", "/movies/the-matrix-1999"]


async def test_an_ambiguous_name_offers_what_it_may_mean() -> None:
    options = [{"slug": "heat-1995"}, {"slug": "heat-1986"}]
    gateway, _ = in_turn(httpx.Response(300, json={"options": options}))

    with pytest.raises(CliError) as raised:
        await until_written(api_of(gateway), MOVIE, "heat", {})

    assert raised.value.hint == "Choose one: heat-1995, heat-1986"


def test_found_entities_are_shown_with_the_slug_to_read_them_by(capsys: pytest.CaptureFixture[str]) -> None:
    stored = {"source": "local", "title": "Heat", "release_year": 1995, "slug": "heat-1995", "has_description": True}
    offered = {"source": "external", "title": "Heat", "release_year": None, "suggested_slug": "heat"}
    found = Found(results=(stored, offered), total=2, local_count=1, external_count=1, external_status="timeout")

    print_found(KINDS[MOVIE], found)

    shown, said = capsys.readouterr()
    assert [line.split() for line in shown.splitlines()[1:]] == [
        ["Heat", "1995", "heat-1995", "yes", "yes"],
        ["Heat", "-", "heat", "-", "-"],
    ]
    assert "TMDb did not answer (timeout)" in said


def test_nothing_found_is_said() -> None:
    nothing = Found(results=(), total=0, local_count=0, external_count=0, external_status="ok")

    with pytest.raises(CliError, match="nothing was found"):
        print_found(KINDS[MOVIE], nothing)
