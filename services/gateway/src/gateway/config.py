"""The gateway's settings, from the environment."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from gateway.ports import TEN_AN_HOUR, Budget
from shared.settings import (
    JobSettings,
    PostgresSettings,
    ProcessSettings,
    RabbitSettings,
    RedisSettings,
    Section,
    TelemetrySettings,
    TmdbSettings,
)


class FlagSettings(Section):
    """Features that an operator can switch off."""

    feature_ai_description_generation: bool = True
    feature_ai_bio_generation: bool = True
    feature_description_style_packs: bool = False
    feature_tmdb_verification: bool = True
    feature_tvmaze_verification: bool = True

    @property
    def values(self) -> Mapping[str, bool]:
        """Each feature by its name, without the prefix."""
        return {name.removeprefix("feature_"): value for name, value in self.model_dump().items()}


def _list(value: Any) -> Any:
    return tuple(item.strip() for item in value.split(",") if item.strip()) if isinstance(value, str) else value


class HttpSettings(Section):
    """Where the gateway listens, and whom it trusts. A waiter costs a few kilobytes and no connection."""

    gateway_host: str = "127.0.0.1"
    gateway_port: int = Field(default=8000, ge=1, le=65535)
    public_base_url: str | None = None
    edge_token: SecretStr | None = None
    admin_api_token: SecretStr | None = Field(default=None, min_length=32)
    cors_allowed_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_list)] = ("*",)
    max_waiters: int = Field(default=2000, ge=0, le=100_000)
    max_streams: int = Field(default=1000, ge=0, le=100_000)
    invariants_every_s: float = Field(default=300, ge=0, le=86400)

    @field_validator("public_base_url")
    @classmethod
    def _an_address(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/") if value else value

    @property
    def base_url(self) -> str:
        """What URLs in answers start with."""
        host = f"[{self.gateway_host}]" if ":" in self.gateway_host else self.gateway_host
        return self.public_base_url or f"http://{host}:{self.gateway_port}"


class BudgetSettings(Section):
    """What reads without a key may start, per network address; 0 = nothing."""

    anonymous_generation_limit: int = Field(default=TEN_AN_HOUR.limit, ge=0, le=100_000)
    anonymous_generation_window_s: float = Field(default=TEN_AN_HOUR.window_s, ge=1, le=31 * 86400)

    @property
    def anonymous_generation(self) -> Budget:
        return Budget(self.anonymous_generation_limit, self.anonymous_generation_window_s)


class GatewaySettings(
    BudgetSettings,
    HttpSettings,
    JobSettings,
    PostgresSettings,
    RabbitSettings,
    RedisSettings,
    TelemetrySettings,
    TmdbSettings,
    ProcessSettings,
):
    """Everything the gateway is told."""

    flags: FlagSettings = Field(default_factory=FlagSettings)

    @property
    def invariants_window_s(self) -> float:
        """How far back the invariants are checked: the life of a job, and an hour in which nobody may have looked."""
        return self.job_deadline_s + 2 * self.invariants_every_s + 3600
