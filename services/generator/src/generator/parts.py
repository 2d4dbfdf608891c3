"""What the generator asks its AI provider through, built from the settings."""

from generator.adapters.circuits import Circuits
from generator.adapters.openai import Endpoint, OpenAITextModel
from generator.adapters.rate_limiter import RateLimiter
from generator.config import AiSettings, GeneratorSettings
from generator.prices import PriceTable, WorstCase
from generator.routing import ModelRoutes
from shared import cache
from shared.clock import Clock


def routes(settings: AiSettings) -> ModelRoutes:
    """Which model a job asks."""
    return ModelRoutes(
        settings.openai_model,
        short=settings.openai_model_short,
        candidate=settings.openai_model_candidate,
        candidate_percent=settings.openai_model_candidate_percent,
    )


def limiter(settings: GeneratorSettings, clock: Clock) -> RateLimiter:
    """The limits of the endpoint, shared through Redis if there is one."""
    return RateLimiter(
        cache.connect(settings.redis_url.get_secret_value()) if settings.redis_url else None,
        clock,
        endpoint=settings.openai_base_url,
        worker=settings.instance_id,
        requests_per_minute=settings.ai_requests_per_minute,
        tokens_per_minute=settings.ai_tokens_per_minute,
    )


def tariff(settings: AiSettings) -> WorstCase:
    """The most that a call can cost."""
    return WorstCase(
        PriceTable(settings.ai_prices),
        max_output_tokens=settings.openai_max_output_tokens,
        fallbacks=settings.openai_fallback_models,
    )


def text_model(
    settings: AiSettings, circuits: Circuits, clock: Clock, limiter: RateLimiter | None = None
) -> OpenAITextModel:
    """The configured model."""
    endpoint = Endpoint(
        base_url=settings.openai_base_url,
        api_key=settings.openai_api_key,
        api=settings.openai_api,
        dialect=settings.openai_dialect,
        api_version=settings.openai_api_version,
        app_url=settings.openai_app_url,
        app_title=settings.openai_app_title,
        max_output_tokens=settings.openai_max_output_tokens,
    )
    return OpenAITextModel(
        endpoint,
        routes=routes(settings),
        fallbacks=settings.openai_fallback_models,
        connections=settings.generator_concurrency,
        circuits=circuits,
        limiter=limiter,
        prices=PriceTable(settings.ai_prices),
        clock=clock,
    )
