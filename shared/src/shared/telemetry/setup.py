"""Traces, metrics and logs of one process.

Spans go to the OTLP endpoint and to the span directory, whichever is configured, through bounded queues that drop rather than block.
Statements are recorded without parameters, and no payload, prompt, key or header is an attribute.
"""

from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.util import http as semantic_http

from shared.settings import TelemetrySettings
from shared.telemetry.files import JsonLinesExporter
from shared.telemetry.logs import setup_logs

KEY_PARAMETERS = ("api_key", "apikey")
"""TMDb takes its v3 key in the query string, and OMDb its only one: they must not reach a span."""


def setup(service: str, instance_id: str, settings: TelemetrySettings) -> TracerProvider:
    """Configure the process; call once, before anything that is instrumented is built. The provider must be shut down at exit."""
    setup_logs(service, settings.log_level, settings.log_format)
    resource = Resource.create(
        {"service.name": service, "service.namespace": "moviemind", "service.instance.id": instance_id}
    )
    provider = TracerProvider(resource=resource, sampler=ParentBased(TraceIdRatioBased(settings.traces_sample_ratio)))
    if settings.otel_exporter_otlp_endpoint:
        endpoint = settings.otel_exporter_otlp_endpoint.rstrip("/")
        exporter = OTLPSpanExporter(f"{endpoint}/v1/traces", timeout=5)
        # the whole queue in one batch: a collector that hangs costs the end of the process one timeout, not one per batch
        provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=2048, max_export_batch_size=2048))
        reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{endpoint}/v1/metrics", timeout=5))
        metrics.set_meter_provider(MeterProvider(resource=resource, metric_readers=[reader]))
    if settings.traces_dir:
        exporter = JsonLinesExporter(settings.traces_dir, service)
        provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=200))
    trace.set_tracer_provider(provider)
    for name in KEY_PARAMETERS:
        if name not in semantic_http.PARAMS_TO_REDACT:
            semantic_http.PARAMS_TO_REDACT.append(name)
    AsyncPGInstrumentor(capture_parameters=False).instrument(tracer_provider=provider)
    HTTPXClientInstrumentor().instrument(tracer_provider=provider)
    RedisInstrumentor().instrument(tracer_provider=provider)
    return provider
