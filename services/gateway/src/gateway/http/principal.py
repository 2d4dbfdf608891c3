"""Who is calling: the owner of an API key, or an address."""

import ipaddress
from dataclasses import dataclass
from uuid import UUID

from starlette.datastructures import Headers
from starlette.requests import Request

from gateway.http.problems import Problem
from gateway.http.requests import context_of
from gateway.ports import ANONYMOUS
from gateway.usecases.authenticate import Authenticate, InactiveKey, InvalidKey

_PROXY_HEADERS = ("x-rapidapi-proxy-secret", "x-rapidapi-user", "x-rapidapi-subscription")


@dataclass(frozen=True, slots=True)
class Principal:
    """`caller` is what keys, jobs and limits belong to: `key:<owner>` or `ip:<address>`; `key_id` is None without a key."""

    caller: str
    key_id: UUID | None = None


class Identify:
    """The principal of a request, as a dependency. A credential that is sent is checked everywhere, and never downgraded to anonymous."""

    def __init__(self, authenticate: Authenticate) -> None:
        self._authenticate = authenticate

    async def __call__(self, request: Request) -> Principal:
        """Raises `unauthenticated` for a wrong credential and `proxy-secret-invalid` for proxy headers without a valid secret."""
        if any(name in request.headers for name in _PROXY_HEADERS):
            raise Problem("proxy-secret-invalid")
        credential = credential_of(request.headers)
        if credential is None:
            return Principal(f"{ANONYMOUS}{network_of(context_of(request).client)}")
        match await self._authenticate(credential):
            case InvalidKey():
                raise Problem("unauthenticated", message="key-invalid")
            case InactiveKey():
                raise Problem("unauthenticated", message="key-inactive")
            case owner:
                return Principal(f"key:{owner.owner}", owner.key_id)

    async def required(self, request: Request) -> Principal:
        """As above, and `unauthenticated` without a credential."""
        principal = await self(request)
        if principal.key_id is None:
            raise Problem("unauthenticated", message="key-required")
        return principal


def credential_of(headers: Headers) -> str | None:
    """The first credential that is present, without falling through to the next; empty headers are absent.

    `X-RapidAPI-Key` counts only behind a proxy secret, which is not configurable yet.
    """
    if key := headers.get("x-api-key"):
        return key
    if authorization := headers.get("authorization"):
        scheme, _, token = authorization.partition(" ")
        return token.strip() if scheme.lower() == "bearer" else authorization
    return None


def network_of(address: str) -> str:
    """An address as an identity: IPv6 by its /64, because one household has a whole one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
