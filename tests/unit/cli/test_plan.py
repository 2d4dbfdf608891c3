from pathlib import Path

import pytest

from moviemind.paths import DataDir
from moviemind.state import Endpoints
from moviemind.supervisor.credentials import Credentials
from moviemind.supervisor.plan import Options, gateway_env, service_env

SANDBOX = "http://127.0.0.1:20005"
ENDPOINTS = Endpoints(
    database_url="postgresql://m:p@127.0.0.1:20001/m",
    rabbitmq_url="amqp://m:p@127.0.0.1:20002/",
    redis_url="redis://:p@127.0.0.1:20003/0",
    gateway_url="http://127.0.0.1:8000",
    sandbox_url=SANDBOX,
    health_urls={},
)


def env_with(tmp_path: Path, **environ: str) -> dict[str, str]:
    return service_env(Options(data=DataDir(tmp_path), environ=environ), ENDPOINTS)


def test_without_keys_the_services_talk_to_the_sandbox(tmp_path: Path) -> None:
    env = env_with(tmp_path)

    assert env["OPENAI_BASE_URL"] == f"{SANDBOX}/openai/v1"
    assert env["TMDB_BASE_URL"] == f"{SANDBOX}/tmdb/3"
    assert env["OPENAI_API_KEY"] == env["TMDB_API_KEY"] == "sandbox"


@pytest.mark.parametrize(("name", "other"), [("OPENAI", "TMDB"), ("TMDB", "OPENAI")])
def test_a_key_switches_that_provider_alone_to_the_real_one(tmp_path: Path, name: str, other: str) -> None:
    env = env_with(tmp_path, **{f"{name}_API_KEY": "real"})

    assert env[f"{name}_API_KEY"] == "real"
    assert f"{name}_BASE_URL" not in env  # the service's own default
    assert env[f"{other}_BASE_URL"].startswith(SANDBOX)


def test_an_endpoint_without_a_key_is_used(tmp_path: Path) -> None:
    env = env_with(tmp_path, OPENAI_BASE_URL="http://127.0.0.1:11434/v1")

    assert env["OPENAI_BASE_URL"] == "http://127.0.0.1:11434/v1"
    assert env["OPENAI_API_KEY"] == "sandbox"


def test_the_addresses_of_this_system_win_over_the_callers_environment(tmp_path: Path) -> None:
    env = env_with(tmp_path, REDIS_URL="redis://elsewhere:1/0", LOG_LEVEL="debug")

    assert env["REDIS_URL"] == ENDPOINTS.redis_url
    assert env["LOG_LEVEL"] == "debug"


def test_up_is_development_unless_the_caller_says_otherwise(tmp_path: Path) -> None:
    assert env_with(tmp_path)["ENVIRONMENT"] == "development"
    assert env_with(tmp_path, ENVIRONMENT="test")["ENVIRONMENT"] == "test"


def test_the_gateway_alone_gets_the_operators_token_and_the_callers_wins(tmp_path: Path) -> None:
    credentials = Credentials(postgres_admin="a", postgres="b", rabbitmq="c", redis="d", admin_api_token="made")
    env = env_with(tmp_path)

    assert "ADMIN_API_TOKEN" not in env
    assert gateway_env(env, credentials)["ADMIN_API_TOKEN"] == "made"
    assert gateway_env({**env, "ADMIN_API_TOKEN": "mine"}, credentials)["ADMIN_API_TOKEN"] == "mine"
