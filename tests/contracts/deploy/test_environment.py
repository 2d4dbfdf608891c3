"""Compose, `.env.example` and the settings of the processes name the same variables."""

import importlib
from typing import Any

import pytest
from pydantic_settings import BaseSettings
from tests.contracts.deploy import files

from shared import settings as shared_settings

NOT_FOR_PROCESSES = {"COMPOSE_PROFILES", "MOVIEMIND_VERSION", "EDGE_BIND", "EDGE_PORT"} | {
    name for name in files.env_example() if name.endswith("_PASSWORD")
}


def settings_class(service: str) -> type[BaseSettings]:
    module = importlib.import_module(f"{service.replace('-', '_')}.config")
    classes = [
        value
        for name, value in vars(module).items()
        if name.endswith("Settings") and value.__module__ == module.__name__
    ]
    name = "".join(part.title() for part in service.split("-")) + "Settings"
    return next(found for found in classes if found.__name__ == name)


def names(settings: type[BaseSettings]) -> set[str]:
    """The variables that a settings class reads, those of its sections included."""
    found: set[str] = set()
    for name, field in settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseSettings):
            found |= names(section)
        else:
            found.add(name.upper())
    return found


@pytest.mark.parametrize("service", files.PROCESSES)
def test_a_process_reads_every_variable_it_is_given(services: dict[str, Any], service: str) -> None:
    given = set(services[service]["environment"])

    assert given <= names(settings_class(service))


@pytest.mark.parametrize("service", files.PROCESSES)
def test_a_process_starts_with_what_compose_gives_it(
    services: dict[str, Any], service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_class(service)
    for name in names(settings):
        monkeypatch.delenv(name, raising=False)
    for name, value in services[service]["environment"].items():
        monkeypatch.setenv(name, value)

    assert isinstance(shared_settings.load(settings), settings)


def test_every_setting_is_documented() -> None:
    known = set[str]().union(*(names(settings_class(service)) for service in files.PROCESSES))

    assert known <= files.documented()


def test_nothing_is_documented_that_nobody_reads() -> None:
    known = set[str]().union(*(names(settings_class(service)) for service in files.PROCESSES))

    assert files.documented() <= known | NOT_FOR_PROCESSES


def test_every_variable_of_the_compose_file_is_documented() -> None:
    assert files.variables() <= files.documented()
