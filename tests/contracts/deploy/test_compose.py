import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.contracts.deploy import files

from shared import topology

JOBS = {"migrations", "database-roles"}
DRAIN_S = 35


def test_the_file_is_a_compose_file(compose: dict[str, Any]) -> None:
    schema = json.loads((files.ROOT / "tests/contracts/deploy/compose-spec/compose-spec.json").read_text())

    errors = [error.message for error in Draft202012Validator(schema).iter_errors(compose)]

    assert errors == []


def test_only_kongs_proxy_port_is_published(services: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}

    assert published == {"kong": ["127.0.0.1:8080:8000"]}
    assert not any("network_mode" in service or "expose" in service for service in services.values())


def test_databases_and_broker_have_no_way_out_and_kong_no_way_in(compose: dict[str, Any]) -> None:
    services = compose["services"]

    assert compose["networks"]["backend"]["internal"] is True
    assert services["kong"]["networks"] == ["edge"]
    for name in ("postgres", "rabbitmq", "redis", "cache-invalidator", *JOBS):
        assert services[name]["networks"] == ["backend"]


def test_images_are_pinned_to_a_version(services: dict[str, Any]) -> None:
    for service in services.values():
        tag = service["image"].rpartition(":")[2]
        assert re.match(r"\d+\.\d+", tag), service["image"]


def test_everything_that_stays_up_is_restarted_and_has_a_health_check(services: dict[str, Any]) -> None:
    built = re.findall(
        r"^FROM runtime AS (\w+)\n(?:(?!FROM|HEALTHCHECK).*\n)*HEALTHCHECK --",
        files.DOCKERFILE.read_text(),
        re.MULTILINE,
    )

    for name, service in services.items():
        if name in JOBS:
            assert service["restart"] == "no"
            assert "healthcheck" not in service
        else:
            assert service["restart"] == "unless-stopped"
            assert "healthcheck" in service or service["build"]["args"]["SERVICE"] in built


def test_nothing_starts_before_what_it_cannot_start_without(services: dict[str, Any]) -> None:
    waits = {
        name: {other: rule["condition"] for other, rule in service.get("depends_on", {}).items()}
        for name, service in services.items()
    }

    assert waits["migrations"] == {"postgres": "service_healthy"}
    assert waits["database-roles"] == {"migrations": "service_completed_successfully"}
    assert waits["kong"] == {"gateway": "service_healthy"}
    for name in files.PROCESSES:
        assert waits[name]["database-roles"] == "service_completed_successfully"
    assert waits["gateway"]["rabbitmq"] == "service_started"  # requests are accepted while the broker is away
    for other in {other for rules in waits.values() for other in rules}:
        assert (other in JOBS) == any(rules.get(other) == "service_completed_successfully" for rules in waits.values())


def test_everything_is_limited_and_has_no_rights_it_does_not_need(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert {"cpus", "memory", "pids"} <= service["deploy"]["resources"]["limits"].keys(), name
        assert service["logging"]["options"] == {"max-size": "10m", "max-file": "3"}, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service.get("read_only") is True or name in {"postgres", "rabbitmq"}, name
        assert "privileged" not in service, name


def test_a_process_has_time_to_drain(services: dict[str, Any]) -> None:
    for name in files.PROCESSES:
        assert int(services[name]["stop_grace_period"].removesuffix("s")) > DRAIN_S


@pytest.mark.parametrize(
    "name", sorted(name for name in files.env_example() if name.endswith(("PASSWORD", "TOKEN", "KEY")))
)
def test_a_missing_secret_stops_the_start(name: str) -> None:
    environment = {**files.env_example(), name: ""}

    with pytest.raises(KeyError, match=name):
        files.compose(environment)


def test_no_secret_has_a_value_in_the_compose_file() -> None:
    text = files.COMPOSE_FILE.read_text()

    for rule in re.findall(r"\$\{\w*(?:PASSWORD|TOKEN|KEY)(\W[^}]*)\}", text):
        assert rule.startswith(":?") or rule == ":-"  # required, or nothing: the door stays closed


def test_mounted_files_are_in_the_repository(services: dict[str, Any]) -> None:
    mounts = [mount for service in services.values() for mount in service.get("volumes", []) if mount.startswith("./")]

    assert mounts
    for mount in mounts:
        source, _, mode = mount.split(":")
        assert mode == "ro"
        # definitions.json is written by its own generator, with its own test
        assert (files.ROOT / source).is_file() or source.endswith("rabbitmq/definitions.json")


def test_the_broker_lets_a_service_consume_its_own_queues_only_and_publish_to_our_exchanges_only(
    compose: dict[str, Any],
) -> None:
    definitions = json.loads(compose["configs"]["rabbitmq-users"]["content"])
    permissions = {rule["user"]: rule for rule in definitions["permissions"]}
    exchanges = [name for name, _ in topology.EXCHANGES]

    assert [user["name"] for user in definitions["users"]] == list(files.PROCESSES) == list(permissions)
    assert all(user["tags"] == [] for user in definitions["users"])
    for name, rule in permissions.items():
        owned = [queue.name for queue in topology.WORK_QUEUES if queue.consumer == name]
        readable = [queue.name for queue in topology.WORK_QUEUES if re.search(rule["read"], queue.name)]
        declared = [
            *exchanges,
            *(queue.name for queue in topology.WORK_QUEUES),
            *(queue.dead_name for queue in topology.WORK_QUEUES),
        ]
        assert readable == owned
        assert all(re.search(rule["configure"], thing) and re.search(rule["write"], thing) for thing in declared)
        assert not re.search(rule["write"], "amq.default")


def test_the_broker_agrees_with_the_queues_on_how_long_a_delivery_may_take() -> None:
    configuration = (files.ROOT / "deploy/rabbitmq/rabbitmq.conf").read_text()

    assert f"consumer_timeout = {topology.CONSUMER_TIMEOUT_MS}\n" in configuration
