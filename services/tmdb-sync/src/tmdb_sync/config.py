"""Settings of tmdb-sync."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from shared.settings import HttpUrl, OptionalRedisSettings, Section, TmdbSettings, WorkerSettings
from shared.tmdb.extras import REGIONS


def _list(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


class TrendSettings(Section):
    """Where trends and the ratings of others come from. Without its key a provider is not asked."""

    trakt_client_id: SecretStr | None = None
    trakt_base_url: HttpUrl = "https://api.trakt.tv"
    trakt_deadline_s: float = Field(default=10.0, gt=0, le=60)
    # a tenth below UNAUTHED_API_GET_LIMIT (https://github.com/trakt/trakt-api, October 2026): what leaves in time may arrive late
    trakt_requests_per_5_minutes: int = Field(default=450, ge=1, le=100_000)
    omdb_api_key: SecretStr | None = None
    omdb_base_url: HttpUrl = "https://www.omdbapi.com"
    omdb_deadline_s: float = Field(default=10.0, gt=0, le=60)
    # a free key has 1000; calls whose count was lost in a crash, and those of other programs, come on top
    omdb_requests_per_day: int = Field(default=950, ge=0, le=1_000_000)
    watch_regions: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_list), Field(min_length=1, max_length=20)] = (
        REGIONS
    )

    @field_validator("watch_regions")
    @classmethod
    def _are_countries(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(re.fullmatch(r"[A-Z]{2}", region) for region in value):
            raise ValueError("must be country codes of two capital letters, separated by commas")
        return tuple(dict.fromkeys(value))


class TmdbSyncSettings(TrendSettings, OptionalRedisSettings, TmdbSettings, WorkerSettings):
    """Everything tmdb-sync is told."""

    health_port: int = Field(default=8002, ge=1, le=65535)
