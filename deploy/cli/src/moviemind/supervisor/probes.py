"""Is it up? One short question per protocol; every probe answers within a second and never raises."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import unquote, urlsplit

import httpx
from pydantic import BaseModel, ValidationError

_TIMEOUT_S = 1.0
_DEFAULT_PORTS = {"postgresql": 5432, "postgres": 5432, "redis": 6379, "amqp": 5672}

Probe = Callable[[], Awaitable[str | None]]


class Check(BaseModel):
    status: str


class Readiness(BaseModel):
    """What a service answers at `/health/ready`."""

    checks: dict[str, Check] = {}


async def _exchange(host: str, port: int, question: bytes, answer_bytes: int) -> bytes | str:
    """The first `answer_bytes` of the answer, or what went wrong in words."""
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(question)
                return await reader.readexactly(answer_bytes)
            finally:
                writer.close()
    except TimeoutError:
        return "no answer yet"
    except asyncio.IncompleteReadError:
        return "closed the connection"
    except ConnectionRefusedError:
        return "nobody listens there"
    except OSError as error:
        return (error.strerror or str(error)).lower()


async def _expect(address: tuple[str, int], question: bytes, expected: bytes, complaint: str) -> str | None:
    answer = await _exchange(*address, question, len(expected))
    if isinstance(answer, str):
        return answer
    return None if answer == expected else complaint


def postgres(url: str) -> Probe:
    """Ready when the server asks for a password or lets us in; a server that is starting answers with an error."""
    user = unquote(urlsplit(url).username or "postgres").encode()
    database = (urlsplit(url).path.lstrip("/") or "postgres").encode()
    # StartupMessage and Authentication*, PostgreSQL documentation, "Message Formats"
    body = b"\x00\x03\x00\x00user\x00" + user + b"\x00database\x00" + database + b"\x00\x00"
    startup = (len(body) + 4).to_bytes(4, "big") + body
    return lambda: _expect(address_of(url), startup, b"R", "starting up")


def redis(url: str) -> Probe:
    """Ready when it takes the password and answers PING; it answers with an error while loading."""
    parts = urlsplit(url)
    password = unquote(parts.password or "")
    words = [unquote(parts.username), password] if parts.username else [password]
    login = _resp("AUTH", *words) if password else b""
    expected = (b"+OK\r\n" if password else b"") + b"+PONG"
    return lambda: _expect(address_of(url), login + _resp("PING"), expected, "refuses the password or is loading")


def amqp(url: str) -> Probe:
    """Ready when it greets with a method frame on channel 0 (AMQP 0-9-1, connection.start)."""
    return lambda: _expect(address_of(url), b"AMQP\x00\x00\x09\x01", b"\x01\x00\x00", "does not speak AMQP 0-9-1")


def http(url: str) -> Probe:
    """Ready at status 200. A readiness document that says what is missing is passed on."""

    async def probe() -> str | None:
        try:
            async with httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False) as client:
                response = await client.get(url)
        except httpx.HTTPError as error:
            return "no answer yet" if isinstance(error, httpx.TimeoutException) else "not listening yet"
        return None if response.status_code == 200 else _missing(response.content) or f"HTTP {response.status_code}"

    return probe


SERVERS: Mapping[str, Callable[[str], Probe]] = {"DATABASE_URL": postgres, "RABBITMQ_URL": amqp, "REDIS_URL": redis}


def address_of(url: str) -> tuple[str, int]:
    """Host and port of a server URL, with the default port of its scheme."""
    parts = urlsplit(url)
    return parts.hostname or "127.0.0.1", parts.port or _DEFAULT_PORTS.get(parts.scheme.split("+")[0], 80)


def without_password(url: str) -> str:
    """`url` as it may be shown."""
    parts = urlsplit(url)
    host, port = address_of(url)
    return f"{parts.scheme}://{host}:{port}{parts.path}"


def _resp(*words: str) -> bytes:
    encoded = [word.encode() for word in words]
    return b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded)


def _missing(body: bytes) -> str | None:
    try:
        checks = Readiness.model_validate_json(body).checks
    except ValidationError:
        return None
    bad = [name for name, check in checks.items() if check.status == "error"]
    return "waits for " + ", ".join(bad) if bad else None
