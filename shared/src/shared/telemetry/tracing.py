"""A tracer provider that records nothing, for tools and tests."""

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF


def no_tracing() -> TracerProvider:
    return TracerProvider(sampler=ALWAYS_OFF)
