"""Settings of the generator."""

from decimal import Decimal

from pydantic import Field, SecretStr, model_validator

from shared import topology
from shared.settings import Section, TmdbSettings, WorkerSettings

HANDLER_MARGIN_S = 60.0
"""What a handler needs beside its AI call."""


class AiSettings(Section):
    """Any endpoint that speaks OpenAI's protocol. Prices are US dollars per million tokens; without them costs stay unknown."""

    openai_api_key: SecretStr
    openai_base_url: str = Field(default="https://api.openai.com/v1", pattern=r"^https?://")
    openai_model: str = Field(default="gpt-4o-mini", min_length=1, max_length=200)
    openai_timeout_s: float = Field(default=60.0, gt=0, le=86400)
    openai_price_input_usd: Decimal | None = Field(default=None, ge=0)
    openai_price_output_usd: Decimal | None = Field(default=None, ge=0)
    generator_concurrency: int = Field(default=32, ge=1, le=256)

    @model_validator(mode="after")
    def _both_prices_or_none(self) -> "AiSettings":
        if (self.openai_price_input_usd is None) != (self.openai_price_output_usd is None):
            raise ValueError("OPENAI_PRICE_INPUT_USD and OPENAI_PRICE_OUTPUT_USD are set together")
        return self

    @model_validator(mode="after")
    def _the_broker_waits_longer_than_the_model(self) -> "AiSettings":
        if self.openai_timeout_s + HANDLER_MARGIN_S >= topology.CONSUMER_TIMEOUT_MS / 1000:
            limit_s = topology.CONSUMER_TIMEOUT_MS / 1000 - HANDLER_MARGIN_S
            raise ValueError(f"OPENAI_TIMEOUT_S must be below {limit_s:.0f}, or the broker takes the delivery back")
        return self


class GeneratorSettings(AiSettings, TmdbSettings, WorkerSettings):
    """Everything the generator is told."""
