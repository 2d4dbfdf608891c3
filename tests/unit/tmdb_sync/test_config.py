"""What tmdb-sync is told of the providers."""

import pytest

from shared.settings import load
from tmdb_sync.config import TrendSettings


@pytest.fixture(autouse=True)
def _unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in TrendSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_without_keys_the_optional_providers_are_off() -> None:
    settings = load(TrendSettings)

    assert (settings.trakt_client_id, settings.omdb_api_key) == (None, None)
    assert settings.watch_regions == ("PL", "US", "DE", "FR", "ES", "GB")


def test_regions_are_a_list_and_each_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCH_REGIONS", "UA, US,UA")

    assert load(TrendSettings).watch_regions == ("UA", "US")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WATCH_REGIONS", "us"),
        ("WATCH_REGIONS", "USA"),
        ("WATCH_REGIONS", ","),
        ("TRAKT_BASE_URL", "api.trakt.tv"),
        ("OMDB_REQUESTS_PER_DAY", "-1"),
        ("TRAKT_REQUESTS_PER_5_MINUTES", "0"),
    ],
)
def test_a_wrong_value_ends_the_start_and_names_its_variable(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit):
        load(TrendSettings)

    assert name in capsys.readouterr().err


def test_no_key_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAKT_CLIENT_ID", "canary")
    monkeypatch.setenv("OMDB_API_KEY", "canary")

    assert "canary" not in repr(load(TrendSettings))
