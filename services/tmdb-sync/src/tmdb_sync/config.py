"""Settings of tmdb-sync."""

from pydantic import Field

from shared.settings import (
    HealthSettings,
    JobSettings,
    PostgresSettings,
    ProcessSettings,
    RabbitSettings,
    Section,
    TelemetrySettings,
    TmdbSettings,
)


class Health(HealthSettings):
    health_port: int = Field(default=8002, ge=1, le=65535)


class TmdbSyncSettings(Section):
    """Every section is read from the environment when the settings are built."""

    process: ProcessSettings = Field(default_factory=ProcessSettings.from_environment)
    telemetry: TelemetrySettings = Field(default_factory=TelemetrySettings.from_environment)
    postgres: PostgresSettings = Field(default_factory=PostgresSettings.from_environment)
    rabbit: RabbitSettings = Field(default_factory=RabbitSettings.from_environment)
    tmdb: TmdbSettings = Field(default_factory=TmdbSettings.from_environment)
    jobs: JobSettings = Field(default_factory=JobSettings.from_environment)
    health: Health = Field(default_factory=Health.from_environment)
