"""Who may administer: roles, and the one way there is to log in."""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import IntEnum

from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.requests import Request

from gateway.http.problems import Problem


class Role(IntEnum):
    """Each may do what those below it may."""

    VIEWER = 1
    EDITOR = 2
    OPERATOR = 3


@dataclass(frozen=True, slots=True)
class Administrator:
    """`actor` is what the audit calls them."""

    actor: str
    role: Role


Login = Callable[[Headers], Administrator | None]
"""Who the headers of a request prove to be; None for nobody."""
Guard = Callable[[Request], Awaitable[Administrator]]


class AdminAccess:
    """Guards the routes of administration: as a dependency, `require(role)` gives the administrator of a request."""

    def __init__(self, login: Login) -> None:
        self._login = login

    def require(self, role: Role) -> Guard:
        async def guard(request: Request) -> Administrator:
            """Raises `unauthenticated` without a good credential and `forbidden` for a role that is too low."""
            administrator = self._login(request.headers)
            if administrator is None:
                raise Problem("unauthenticated", message="unauthorized")
            if administrator.role < role:
                raise Problem("forbidden", message="role-too-low", values={"role": role.name.lower()})
            return administrator

        return guard


def token_login(token: SecretStr | None) -> Login:
    """The configured token in `X-Admin-Token` or as a bearer makes an operator; without one configured this door is closed."""
    expected = token.get_secret_value().encode() if token else None

    def login(headers: Headers) -> Administrator | None:
        sent = _token_of(headers).encode("latin-1")
        if expected is None or not hmac.compare_digest(sent, expected):
            return None
        return Administrator("token", Role.OPERATOR)

    return login


def _token_of(headers: Headers) -> str:
    """The first credential that is present, without falling through to the next."""
    if token := headers.get("x-admin-token"):
        return token
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
