from typing import Any

import pytest
from tests.contracts.deploy import files


@pytest.fixture(scope="session")
def compose() -> dict[str, Any]:
    """docker-compose.yml as `cp .env.example .env` makes it."""
    return files.compose(files.env_example())


@pytest.fixture(scope="session")
def services(compose: dict[str, Any]) -> dict[str, Any]:
    return compose["services"]


@pytest.fixture(scope="session")
def kong() -> dict[str, Any]:
    return files.kong()
