import pytest
from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.requests import Request

from gateway.http.admin_access import AdminAccess, Administrator, Role, token_login
from gateway.http.problems import Problem

ANYBODY = Request({"type": "http", "headers": []})


@pytest.mark.parametrize("held", Role)
@pytest.mark.parametrize("needed", Role)
async def test_a_role_may_do_what_those_below_it_may(held: Role, needed: Role) -> None:
    guard = AdminAccess(lambda _: Administrator("somebody", held)).require(needed)

    if held >= needed:
        assert (await guard(ANYBODY)).actor == "somebody"
    else:
        with pytest.raises(Problem, match="forbidden") as raised:
            await guard(ANYBODY)
        assert raised.value.status == 403


async def test_nobody_is_unauthenticated() -> None:
    with pytest.raises(Problem, match="unauthenticated"):
        await AdminAccess(lambda _: None).require(Role.VIEWER)(ANYBODY)


@pytest.mark.parametrize("sent", [{}, {"x-admin-token": ""}, {"authorization": "Bearer "}, {"authorization": ""}])
def test_an_empty_credential_is_nobody_even_without_a_token(sent: dict[str, str]) -> None:
    assert token_login(None)(Headers(sent)) is None
    assert token_login(SecretStr("t" * 32))(Headers(sent)) is None


def test_the_token_makes_an_operator() -> None:
    login = token_login(SecretStr("t" * 32))

    assert login(Headers({"authorization": f"bearer {'t' * 32}"})) == Administrator("token", Role.OPERATOR)
