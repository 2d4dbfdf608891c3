import re
from typing import Any

from tests.contracts.deploy import files

KIB = 1024
UNITS = {"kilobytes": KIB, "megabytes": KIB * KIB}


def plugin(owner: dict[str, Any], name: str) -> dict[str, Any]:
    return next(found["config"] for found in owner.get("plugins", []) if found["name"] == name)


def test_the_only_service_is_the_gateway(kong: dict[str, Any], services: dict[str, Any]) -> None:
    (service,) = kong["services"]

    assert kong["_format_version"] == "3.0"
    assert service["host"] in services
    assert str(service["port"]) == services["gateway"]["environment"]["GATEWAY_PORT"]


def test_probes_are_not_routed(kong: dict[str, Any]) -> None:
    (route,) = kong["routes"]

    assert route["paths"] == ["/health"]
    assert "service" not in route
    assert plugin(route, "request-termination")["status_code"] == 404


def test_bodies_are_limited_as_the_contract_says(kong: dict[str, Any], services: dict[str, Any]) -> None:
    limits = {
        path: plugin(route, "request-size-limiting")["allowed_payload_size"]
        * UNITS[plugin(route, "request-size-limiting")["size_unit"]]
        for route in kong["services"][0]["routes"]
        for path in route["paths"]
    }

    assert limits == {"/": 64 * KIB, "/api/npcs": KIB * KIB}
    assert services["kong"]["environment"]["KONG_NGINX_HTTP_CLIENT_MAX_BODY_SIZE"] == "1m"


def test_paths_reach_the_gateway_unchanged_and_streams_unbuffered(kong: dict[str, Any]) -> None:
    routes = {route["name"]: route for route in kong["services"][0]["routes"]}

    assert all(route["strip_path"] is False for route in routes.values())
    assert routes["everything"]["response_buffering"] is False
    assert kong["services"][0]["read_timeout"] > 30_000  # the longest Prefer: wait


def test_a_client_cannot_say_what_only_the_edge_may_say(kong: dict[str, Any]) -> None:
    config = plugin(kong, "pre-function")
    (code,) = config["rewrite"]  # the access phase is too late for X-Forwarded-For
    stripped = {name.lower() for name in re.findall(r'"([\w-]+)"', code.split("local stripped")[1].split("}")[0])}

    assert list(config) == ["rewrite"]
    assert stripped >= {
        "x-edge-token", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-forwarded-prefix",
        "x-consumer-id", "x-consumer-username", "x-consumer-custom-id", "x-credential-identifier", "x-anonymous-consumer",
        "x-real-ip", "traceparent", "tracestate", "baggage",
    }  # fmt: skip
    assert code.index("clear_header(name)") < code.rindex('set_header("X-Edge-Token", token)')


def test_the_edge_token_comes_from_the_environment_and_the_code_may_use_what_it_uses(
    kong: dict[str, Any], services: dict[str, Any]
) -> None:
    (code,) = plugin(kong, "pre-function")["rewrite"]
    environment = services["kong"]["environment"]

    assert "{vault://env/edge-token}" in code
    assert environment["EDGE_TOKEN"] == services["gateway"]["environment"]["EDGE_TOKEN"]
    assert set(re.findall(r"\bkong\.[\w.]+", code)) == set(
        environment["KONG_UNTRUSTED_LUA_SANDBOX_ENVIRONMENT"].split(",")
    )


def test_floods_end_at_the_edge_by_address(kong: dict[str, Any]) -> None:
    config = plugin(kong, "rate-limiting")

    assert (config["limit_by"], config["policy"], config["error_code"]) == ("ip", "local", 429)
    assert config["hide_client_headers"] is True


def test_a_request_always_has_an_id_and_answers_are_never_cached(kong: dict[str, Any]) -> None:
    names = [found["name"] for found in kong["plugins"]]

    assert plugin(kong, "correlation-id") == {
        "header_name": "X-Request-ID",
        "generator": "uuid",
        "echo_downstream": True,
    }
    assert "proxy-cache" not in names


def test_kong_has_no_admin_port_and_no_database(services: dict[str, Any]) -> None:
    environment = services["kong"]["environment"]

    assert environment["KONG_DATABASE"] == "off"
    assert (
        environment["KONG_ADMIN_LISTEN"]
        == environment["KONG_ADMIN_GUI_LISTEN"]
        == environment["KONG_STATUS_LISTEN"]
        == "off"
    )
    assert environment["KONG_DECLARATIVE_CONFIG"] in {mount.split(":")[1] for mount in services["kong"]["volumes"]}
    assert (files.ROOT / "deploy/kong/kong.yml").is_file()
