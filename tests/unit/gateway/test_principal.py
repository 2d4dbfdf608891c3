import pytest
from starlette.datastructures import Headers

from gateway.http.principal import credential_of, network_of


@pytest.mark.parametrize(
    ("address", "identity"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", "unknown"),
        ("<script>", "unknown"),
    ],
)
def test_an_address_is_one_identity_and_ipv6_counts_by_its_network(address: str, identity: str) -> None:
    assert network_of(address) == identity


@pytest.mark.parametrize(
    ("headers", "credential"),
    [
        ({}, None),
        ({"X-API-Key": "a"}, "a"),
        ({"X-API-Key": "", "Authorization": "Bearer b"}, "b"),
        ({"X-API-Key": "a", "Authorization": "Bearer b"}, "a"),
        ({"Authorization": "bearer  b "}, "b"),
        ({"Authorization": "Basic xyz"}, "Basic xyz"),
        ({"X-RapidAPI-Key": "a"}, None),
    ],
)
def test_the_first_credential_counts(headers: dict[str, str], credential: str | None) -> None:
    assert credential_of(Headers(headers)) == credential
