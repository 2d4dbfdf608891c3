import pytest
from tests.unit.embedded_amqp.core import Core


@pytest.fixture
def core() -> Core:
    return Core()
