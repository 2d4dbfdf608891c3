"""Settings of the generator."""

import json
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import NoDecode

from generator.ports import Budget, Cap
from generator.prices import Price, PriceTable
from shared import topology
from shared.settings import OptionalRedisSettings, Section, TmdbSettings, WorkerSettings

HANDLER_MARGIN_S = 60.0
"""What a handler needs beside its AI call."""
MODEL_NAME = Field(min_length=1, max_length=200)


def _names(value: Any) -> Any:
    return tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value


def _table(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise ValueError('is no JSON object such as {"gpt-4o-mini": {"input": 0.15, "output": 0.6}}') from error


class EndpointSettings(Section):
    """Any endpoint that speaks OpenAI's protocol: see docs/providers.md for what each provider needs."""

    openai_dialect: Literal["openai", "openrouter", "compatible"] = "openai"
    openai_api_key: SecretStr = Field(default=SecretStr(""), validate_default=True)
    openai_base_url: str = Field(default="https://api.openai.com/v1", pattern=r"^https?://")
    openai_api: Literal["chat", "responses"] = "chat"
    openai_api_version: str | None = Field(default=None, pattern=r"^[0-9a-z-]{1,40}$")
    openai_app_url: str | None = Field(default=None, pattern=r"^https?://[!-~]{1,300}$")
    openai_app_title: str | None = Field(default=None, pattern=r"^[ -~]{1,100}$")
    openai_timeout_s: float = Field(default=60.0, gt=0, le=86400)
    openai_max_output_tokens: int = Field(default=4096, ge=256, le=128_000)

    @field_validator("openai_api_key")
    @classmethod
    def _a_key_unless_the_server_is_ours(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        if not value.get_secret_value() and info.data.get("openai_dialect") != "compatible":
            raise ValueError("Field required (only OPENAI_DIALECT=compatible, a server of yours, may go without)")
        return value

    @model_validator(mode="after")
    def _azure_speaks_its_own_dialect(self) -> "EndpointSettings":
        if self.openai_api_version is not None and self.openai_dialect != "openai":
            raise ValueError("OPENAI_API_VERSION is for Azure, whose OPENAI_DIALECT is openai")
        return self

    @model_validator(mode="after")
    def _the_broker_waits_longer_than_the_model(self) -> "EndpointSettings":
        if self.openai_timeout_s + HANDLER_MARGIN_S >= topology.CONSUMER_TIMEOUT_MS / 1000:
            limit_s = topology.CONSUMER_TIMEOUT_MS / 1000 - HANDLER_MARGIN_S
            raise ValueError(f"OPENAI_TIMEOUT_S must be below {limit_s:.0f}, or the broker takes the delivery back")
        return self


class AiSettings(EndpointSettings):
    """Which models are asked, what they cost, and how often they may be asked."""

    openai_model: Annotated[str, MODEL_NAME] = "gpt-4o-mini"
    openai_model_short: Annotated[str, MODEL_NAME] | None = None
    openai_model_candidate: Annotated[str, MODEL_NAME] | None = None
    openai_model_candidate_percent: int = Field(default=0, ge=0, le=100)
    openai_fallback_models: Annotated[
        tuple[Annotated[str, MODEL_NAME], ...], NoDecode, BeforeValidator(_names), Field(max_length=5)
    ] = ()
    ai_prices: Annotated[dict[str, Price], NoDecode, BeforeValidator(_table)] = Field(default={}, max_length=200)
    ai_requests_per_minute: int | None = Field(default=None, ge=1, le=10**7)
    ai_tokens_per_minute: int | None = Field(default=None, ge=1, le=10**10)
    generator_concurrency: int = Field(default=32, ge=1, le=256)

    @model_validator(mode="after")
    def _a_share_of_the_jobs_needs_a_model(self) -> "AiSettings":
        if self.openai_model_candidate_percent and self.openai_model_candidate is None:
            raise ValueError("OPENAI_MODEL_CANDIDATE_PERCENT needs OPENAI_MODEL_CANDIDATE")
        return self

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that a call may end at."""
        named = (self.openai_model, self.openai_model_short, self.openai_model_candidate, *self.openai_fallback_models)
        return tuple(name for name in named if name is not None)


class BudgetSettings(Section):
    """Caps on what AI calls may cost: US dollars, and calls. Days are UTC days; without a value there is no cap.

    Raw answers are kept for `ai_answer_retention_s` seconds: a job goes on from them after a crash.
    """

    ai_budget_daily_usd: Decimal | None = Field(default=None, ge=0, le=10**6)
    ai_budget_daily_calls: int | None = Field(default=None, ge=0, le=10**9)
    ai_budget_caller_daily_usd: Decimal | None = Field(default=None, ge=0, le=10**6)
    ai_budget_caller_daily_calls: int | None = Field(default=None, ge=0, le=10**9)
    ai_budget_job_usd: Decimal | None = Field(default=None, ge=0, le=10**6)
    ai_budget_job_calls: int | None = Field(default=None, ge=1, le=1000)
    ai_answer_retention_s: float = Field(default=7 * 86400.0, le=3650 * 86400)

    @property
    def budget(self) -> Budget:
        return Budget(
            job=Cap(self.ai_budget_job_usd, self.ai_budget_job_calls),
            caller=Cap(self.ai_budget_caller_daily_usd, self.ai_budget_caller_daily_calls),
            everything=Cap(self.ai_budget_daily_usd, self.ai_budget_daily_calls),
        )


class GeneratorSettings(BudgetSettings, AiSettings, OptionalRedisSettings, TmdbSettings, WorkerSettings):
    """Everything the generator is told.

    Without the guard a text is checked for its form and language only, and may say anything. With baseline locking a request without a
    tag renews the text that is the default, in its locale, instead of adding one.
    """

    feature_ai_generation_baseline_locking: bool = False
    feature_hallucination_guard: bool = True

    @model_validator(mode="after")
    def _a_cap_in_dollars_needs_prices(self) -> "GeneratorSettings":
        capped = any(cap.usd is not None for cap in (self.budget.job, self.budget.caller, self.budget.everything))
        prices = PriceTable(self.ai_prices)
        unknown = [name for name in self.models if prices.price(name) is None]
        if capped and unknown:
            raise ValueError(
                f"AI_BUDGET_…_USD needs a price in AI_PRICES for {', '.join(unknown)}; without, set AI_BUDGET_…_CALLS"
            )
        return self

    @model_validator(mode="after")
    def _an_answer_outlives_its_job(self) -> "GeneratorSettings":
        if self.ai_answer_retention_s <= self.job_deadline_s:
            raise ValueError("AI_ANSWER_RETENTION_S must be above JOB_DEADLINE_S: a job goes on from its stored answer")
        return self
