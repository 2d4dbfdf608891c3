"""Settings of the cache invalidator."""

from pydantic import Field

from shared.settings import (
    HealthSettings,
    PostgresSettings,
    ProcessSettings,
    RabbitSettings,
    RedisSettings,
    Section,
    TelemetrySettings,
)


class Health(HealthSettings):
    health_port: int = Field(default=8003, ge=1, le=65535)


class CacheInvalidatorSettings(Section):
    """Every section is read from the environment when the settings are built."""

    process: ProcessSettings = Field(default_factory=ProcessSettings.from_environment)
    telemetry: TelemetrySettings = Field(default_factory=TelemetrySettings.from_environment)
    postgres: PostgresSettings = Field(default_factory=PostgresSettings.from_environment)
    rabbit: RabbitSettings = Field(default_factory=RabbitSettings.from_environment)
    redis: RedisSettings = Field(default_factory=RedisSettings.from_environment)
    health: Health = Field(default_factory=Health.from_environment)
