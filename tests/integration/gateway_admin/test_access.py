import re

import pytest
from pydantic import SecretStr, ValidationError
from tests.integration.gateway.world import running, settings_for
from tests.integration.gateway_admin.desk import PATH, TOKEN, Desk

from shared.db.engine import Database

LETTER = f"{PATH}/01a1f8e6-106d-70f9-84bd-a78d24295b7b"
ROUTES = [
    ("GET", PATH),
    ("GET", LETTER),
    ("POST", f"{LETTER}/replay"),
    ("POST", f"{PATH}/replay"),
    ("DELETE", LETTER),
    ("POST", f"{PATH}/purge"),
    ("GET", "/api/v1/admin/audit"),
    ("GET", "/api/v1/admin/ai"),
    ("POST", "/api/v1/admin/ai/stop"),
    ("POST", "/api/v1/admin/ai/resume"),
    *(
        ("GET", f"/api/v1/admin/ai-metrics/{name}")
        for name in ("token-usage", "parsing-accuracy", "errors", "comparison")
    ),
]


@pytest.mark.parametrize("headers", [{"X-Admin-Token": TOKEN}, {"Authorization": f"Bearer {TOKEN}"}], ids=list)
async def test_the_token_opens_in_both_headers(desk: Desk, headers: dict[str, str]) -> None:
    response = await desk.world.client.get(PATH, headers=headers)

    assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_nobody_gets_in_without_it(desk: Desk, method: str, path: str) -> None:
    response = await desk.world.client.request(method, path)

    body = response.json()
    assert (response.status_code, body["type"]) == (401, "urn:moviemind:problem:unauthenticated")
    assert body["detail"] == "Unauthorized"
    assert response.headers["www-authenticate"] == 'Bearer realm="moviemind"'


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Admin-Token": TOKEN[:-1]},
        {"X-Admin-Token": TOKEN + "x"},
        {"X-Admin-Token": "wrong", "Authorization": f"Bearer {TOKEN}"},
        {"Authorization": TOKEN},
        {"Authorization": "Bearer"},
        {"X-API-Key": TOKEN},
        {"X-Admin-Token": "ż".encode()},
    ],
    ids=str,
)
async def test_a_wrong_credential_does_not_open(desk: Desk, headers: dict[str, str | bytes]) -> None:
    sent = [(name.encode(), value if isinstance(value, bytes) else value.encode()) for name, value in headers.items()]

    assert (await desk.world.client.get(PATH, headers=sent)).status_code == 401


async def test_f79_the_query_string_and_api_keys_do_not_open(desk: Desk) -> None:
    in_query = await desk.world.client.get(PATH, params={"admin_token": TOKEN, "X-Admin-Token": TOKEN})
    with_key = await desk.world.client.get(PATH, headers={"X-API-Key": desk.world.key.key})
    as_bearer = await desk.world.client.get(PATH, headers={"Authorization": f"Bearer {desk.world.key.key}"})

    assert [in_query.status_code, with_key.status_code, as_bearer.status_code] == [401, 401, 401]


async def test_without_a_configured_token_the_door_is_closed(
    database_url: str, redis_url: str, database: Database
) -> None:
    async with running(settings_for(database_url, redis_url), database) as world:
        answers = [
            await world.client.get(PATH, headers={"X-Admin-Token": sent}) for sent in ("", "None", "null", TOKEN)
        ]

    assert [answer.status_code for answer in answers] == [401] * 4


def test_a_short_token_ends_the_start_without_being_shown() -> None:
    with pytest.raises(ValidationError, match="admin_api_token") as raised:
        settings_for("postgresql://localhost/x", "redis://localhost", admin_api_token=SecretStr("much-too-short"))

    assert "much-too-short" not in str(raised.value)


async def test_f77_the_token_is_in_no_answer_and_no_log(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    letter = await desk.parked()
    answers = [await desk.call(method, path.replace(LETTER, f"{PATH}/{letter}")) for method, path in ROUTES]

    assert not [answer for answer in answers if re.search(TOKEN, answer.text)]
    assert TOKEN not in "".join(capsys.readouterr())
