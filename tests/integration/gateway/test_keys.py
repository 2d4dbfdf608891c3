from datetime import UTC, datetime, timedelta

import pytest
from tests.integration.gateway.world import MATRIX, World, running, settings_for

from shared.db.engine import Database
from shared.db.keys import create_key, list_keys, revoke_key

ANYWHERE = "/api/v1/jobs/76091add-8a19-4910-9e65-72e43ea95429"


async def test_a_new_key_has_its_form_and_is_stored_as_a_hash(database: Database) -> None:
    created = await create_key(database, "mine", is_public=True)
    other = await create_key(database, "other")

    listed = await list_keys(database)
    assert created.key.startswith("mm_")
    assert len(created.key) == 46
    assert created.key.startswith(created.prefix)
    assert [(row.name, row.is_public) for row in listed] == [("other", False), ("mine", True)]
    assert listed[0].owner != listed[1].owner
    assert not any(created.key in str(row) or other.key in str(row) for row in listed)


async def test_revoking_by_id_or_prefix_keeps_the_first_time(database: Database) -> None:
    created = await create_key(database, "mine")

    by_prefix = await revoke_key(database, created.prefix)
    by_id = await revoke_key(database, str(created.id))

    assert by_prefix is not None
    assert by_prefix == by_id
    assert by_prefix.revoked_at is not None
    assert await revoke_key(database, "mm_unknown") is None


@pytest.mark.parametrize("scheme", ["x-api-key", "bearer"])
async def test_a_key_is_accepted_in_both_headers(world: World, scheme: str) -> None:
    key = world.key.key
    headers = {"x-api-key": key} if scheme == "x-api-key" else {"authorization": f"Bearer {key}"}

    assert (await world.client.post("/api/v1/generate", json=MATRIX, headers=headers)).status_code == 202


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, "API key is required"),
        ({"x-api-key": ""}, "API key is required"),
        ({"x-api-key": "wrong"}, "Invalid API key"),
        ({"x-api-key": "mm_" + "a" * 43}, "Invalid API key"),
        ({"authorization": "Bearer mm_" + "a" * 43}, "Invalid API key"),
        ({"authorization": "Basic dXNlcjpwdw=="}, "Invalid API key"),
        ({"x-rapidapi-key": "anything"}, "API key is required"),
    ],
)
async def test_posting_without_a_good_key_is_refused(world: World, headers: dict[str, str], message: str) -> None:
    response = await world.client.post("/api/v1/generate", json=MATRIX, headers=headers)

    body = response.json()
    assert (response.status_code, body["detail"], body["error"]) == (401, message, "Unauthorized")
    assert response.headers["www-authenticate"] == 'Bearer realm="moviemind"'
    assert await world.count("jobs") == 0


async def test_a_wrong_credential_is_never_downgraded(world: World) -> None:
    job_id = await world.accepted()

    wrong = await world.job(job_id, x_api_key="wrong")
    no_fall_through = await world.job(job_id, x_api_key="wrong", authorization=f"Bearer {world.key.key}")

    assert (wrong.status_code, no_fall_through.status_code) == (401, 401)


async def test_proxy_headers_need_a_secret(world: World) -> None:
    response = await world.client.get(ANYWHERE, headers={"x-rapidapi-user": "somebody"})

    assert (response.status_code, response.json()["error"]) == (403, "Invalid proxy secret")


async def test_an_expired_or_revoked_key_is_inactive(world: World) -> None:
    expired = await create_key(world.database, "old", expires_at=datetime(2020, 1, 1, tzinfo=UTC))
    revoked = await create_key(world.database, "gone")
    await revoke_key(world.database, revoked.prefix)

    for key in (expired, revoked):
        response = await world.post(MATRIX, key)
        assert (response.status_code, response.json()["detail"]) == (401, "Expired or inactive API key")


async def test_a_key_that_expires_later_works_until_then(world: World) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)  # noqa: TID251 (the gateway runs on the machine's clock)

    assert (await world.post(MATRIX, await create_key(world.database, "soon", expires_at=later))).status_code == 202


async def test_a_verified_key_costs_no_query_for_a_while(world: World) -> None:
    await world.accepted()
    used = (await list_keys(world.database))[0].last_used_at
    await world.accepted()

    assert used is not None
    assert (await list_keys(world.database))[0].last_used_at == used


async def test_another_gateway_sees_a_revocation_at_once(
    world: World, database_url: str, redis_url: str, database: Database
) -> None:
    await world.accepted()
    await revoke_key(database, world.key.prefix)

    async with running(settings_for(database_url, redis_url), database) as fresh:
        assert (await fresh.post(MATRIX, world.key)).status_code == 401


async def test_callers_without_a_key_are_their_address(world: World) -> None:
    response = await world.client.get(ANYWHERE)

    assert response.status_code == 404


async def test_no_answer_or_log_holds_a_key(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = "mm_" + "c" * 43
    response = await world.client.get(ANYWHERE, headers={"x-api-key": wrong})

    assert wrong not in response.text
    assert wrong not in "".join(capsys.readouterr())
