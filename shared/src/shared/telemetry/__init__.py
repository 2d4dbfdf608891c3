"""OpenTelemetry and structured logs, set up in one call."""

from shared.telemetry.setup import setup

__all__ = ["setup"]
