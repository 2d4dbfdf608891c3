"""Sections of configuration, read from the environment by each service's own settings class.

A bad variable ends the start with one line that names it (`load`). Defaults are for production; every non-obvious one has its evidence.
"""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared import ids, topology
from shared.faults import arm
from shared.jobs import AttemptPolicy

S = TypeVar("S", bound=BaseSettings)
REPLAY_WINDOW_S = 7 * 86400.0
"""How long after it was parked a dead letter may be sent again and still find the memory of what was done with its event."""


class Section(BaseSettings):
    """Base of the sections: frozen, from the environment only; an empty variable counts as absent."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)


def _url(*schemes: str) -> BeforeValidator:
    def check(value: Any) -> Any:
        if isinstance(value, str) and not value.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            raise ValueError(f"must start with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        return value

    return BeforeValidator(check)


HttpUrl = Annotated[str, _url("http", "https")]


class ProcessSettings(Section):
    """What every process knows of itself."""

    environment: Literal["production", "development", "test"] = "production"
    instance_id: str = Field(default_factory=lambda: str(ids.job_id()))
    faults: str = ""

    @model_validator(mode="after")
    def _faults_only_in_tests(self) -> "ProcessSettings":
        if self.faults and self.environment != "test":
            raise ValueError("FAULTS may be set only when ENVIRONMENT is test")
        arm(self.faults)
        return self


class TelemetrySettings(Section):
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"
    otel_exporter_otlp_endpoint: str | None = None
    traces_dir: Path | None = None
    traces_sample_ratio: float = Field(default=0.1, ge=0, le=1)


class PostgresSettings(Section):
    database_url: Annotated[SecretStr, _url("postgresql", "postgres")]
    database_pool_size: int = Field(default=10, ge=2, le=200)
    database_pool_wait_s: float = Field(default=5.0, gt=0, le=30)

    @field_validator("database_url")
    @classmethod
    def _one_spelling(cls, value: SecretStr) -> SecretStr:
        return SecretStr(value.get_secret_value().replace("postgres://", "postgresql://", 1))


class RabbitSettings(Section):
    rabbitmq_url: Annotated[SecretStr, _url("amqp", "amqps")]


class RedisSettings(Section):
    redis_url: Annotated[SecretStr, _url("redis", "rediss", "unix")]


class OptionalRedisSettings(Section):
    """For a process that does less well without Redis, but does without."""

    redis_url: Annotated[SecretStr | None, _url("redis", "rediss", "unix")] = None


class TmdbSettings(Section):
    tmdb_api_key: SecretStr
    tmdb_base_url: HttpUrl = "https://api.themoviedb.org/3"
    tmdb_deadline_s: float = Field(default=3.0, gt=0, le=30)
    # "somewhere in the 40 requests per second range" (https://developer.themoviedb.org/docs/rate-limiting)
    tmdb_requests_per_second: int = Field(default=40, ge=1, le=1000)


class HealthSettings(Section):
    health_host: str = "127.0.0.1"
    health_port: int = Field(default=8001, ge=1, le=65535)


def _ladder(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return () if value.strip().lower() == "off" else tuple(float(step) for step in value.split(",") if step.strip())


class JobSettings(Section):
    """How jobs are tried, and how long it is remembered. JOB_RETRY_LADDER_S=off switches backoff off: the next attempt is due at once."""

    job_max_attempts: int = Field(default=3, ge=1, le=20)
    job_retry_ladder_s: Annotated[tuple[float, ...], NoDecode, BeforeValidator(_ladder)] = (20.0, 60.0, 180.0)
    job_lease_s: float = Field(default=30.0, ge=0.2, le=3600)
    job_deadline_s: float = Field(default=600.0, ge=1, le=86400)
    inbox_retention_s: float = Field(default=14 * 86400.0, le=3650 * 86400)

    @model_validator(mode="after")
    def _the_inbox_outlives_every_redelivery(self) -> "JobSettings":
        longest_s = self.job_deadline_s + topology.CONSUMER_TIMEOUT_MS / 1000 + REPLAY_WINDOW_S
        if self.inbox_retention_s <= longest_s:
            raise ValueError(f"INBOX_RETENTION_S must be above {longest_s:.0f}, the longest time until a redelivery")
        return self

    @property
    def policy(self) -> AttemptPolicy:
        return AttemptPolicy(
            max_attempts=self.job_max_attempts,
            ladder_s=self.job_retry_ladder_s,
            lease_s=self.job_lease_s,
            deadline_s=self.job_deadline_s,
        )


class WorkerSettings(JobSettings, PostgresSettings, RabbitSettings, HealthSettings, TelemetrySettings, ProcessSettings):
    """What every worker is told."""


def load(settings: type[S]) -> S:
    """The settings of this process. Ends it with exit status 2 and one line per bad variable when the environment is wrong."""
    try:
        return settings()
    except ValidationError as error:
        for item in error.errors(include_url=False, include_input=False):
            name, *inside = [str(part) for part in item["loc"]] or ["configuration"]
            where = f"{'.'.join(inside)}: " if inside else ""
            told = f"{name.upper() if item['loc'] else name}: {where}{item['msg'].removeprefix('Value error, ')}"
            print(f"moviemind: {told}", file=sys.stderr)  # noqa: T201
        raise SystemExit(2) from None
