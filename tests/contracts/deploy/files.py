"""The deployment's files, parsed; Compose's variables filled in the way Compose does."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml

ROOT = Path(__file__).parents[3]
COMPOSE_FILE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "deploy/docker/Dockerfile"
PROCESSES = ("gateway", "generator", "tmdb-sync", "cache-invalidator")
_VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?:(?P<rule>:?[-?])(?P<rest>[^}]*))?\}")


def env_example() -> dict[str, str]:
    """What `.env.example` sets."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if re.match(r"\w+=", line))


def documented() -> frozenset[str]:
    """Every variable that `.env.example` names, set or commented out."""
    return frozenset(
        re.findall(r"^(?:# )?([A-Z][A-Z0-9_]*)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    )


def variables() -> frozenset[str]:
    """Every variable that docker-compose.yml reads."""
    return frozenset(found["name"] for found in _VARIABLE.finditer(COMPOSE_FILE.read_text(encoding="utf-8")))


def compose(environment: Mapping[str, str]) -> dict[str, Any]:
    """docker-compose.yml with `environment` filled in. Raises KeyError for a required variable that is missing or empty."""
    raw = cast("dict[str, Any]", yaml.safe_load(COMPOSE_FILE.read_text(encoding="utf-8")))
    return _filled(raw, environment)


def _filled(node: Any, environment: Mapping[str, str]) -> Any:
    match node:
        case dict():
            return {key: _filled(value, environment) for key, value in cast("dict[str, Any]", node).items()}
        case list():
            return [_filled(value, environment) for value in cast("list[Any]", node)]
        case str():
            return _VARIABLE.sub(lambda found: _value(found, environment), node).replace("$$", "$")
        case _:
            return node


def _value(found: re.Match[str], environment: Mapping[str, str]) -> str:
    value, rule, rest = environment.get(found["name"]), found["rule"] or "-", found["rest"] or ""
    missing = value is None or (rule.startswith(":") and not value)
    if missing and rule.endswith("?"):
        raise KeyError(found["name"])
    return rest if missing or value is None else value


def kong() -> dict[str, Any]:
    return cast("dict[str, Any]", yaml.safe_load((ROOT / "deploy/kong/kong.yml").read_text(encoding="utf-8")))
