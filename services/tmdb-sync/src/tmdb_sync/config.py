"""Settings of tmdb-sync."""

from pydantic import Field

from shared.settings import TmdbSettings, WorkerSettings


class TmdbSyncSettings(TmdbSettings, WorkerSettings):
    """Everything tmdb-sync is told."""

    health_port: int = Field(default=8002, ge=1, le=65535)
