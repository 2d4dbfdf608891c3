"""What the published contract says of operating AI calls."""

from datetime import date, datetime
from typing import Any

from pydantic import ConfigDict, Field

from gateway.ai_ports import Grouping
from gateway.http.ai_documents import DEFAULT_DAYS, MAX_DAYS, SwitchBody
from gateway.http.documentation import Operation, Success, json_body
from gateway.http.schemas import Shape
from shared.entities import EntityKind


class Switch(Shape):
    stopped: bool
    stopped_at: datetime | None
    stopped_by: str | None
    reason: str | None


class BudgetBook(Shape):
    calls: int = Field(description="Begun today, without those that were turned away unread")
    refused_calls: int = Field(description="Not begun, because the cap was reached")
    reserved_usd: float = Field(description="The most that calls without a known cost can come to")
    spent_usd: float
    limit_calls: int | None = Field(description="As a worker named it last; `null`: no cap")
    limit_usd: float | None


class CallerBook(BudgetBook):
    caller: str


class Budget(Shape):
    day: date = Field(description="UTC")
    renews_at: datetime
    total: BudgetBook
    callers: list[CallerBook] = Field(description="At most 20, those who spent most")


class AiNow(Shape):
    switch: Switch
    budget: Budget


class MetricsRow(Shape):
    """Begins with the member that `group_by` names; `null` when a call cannot be told to belong to one."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={"anyOf": [{"required": [name.value]} for name in Grouping]},
    )

    data_format: str | None = Field(default="", description="With `group_by=data_format`, the default")
    model: str | None = Field(default="", description="With `group_by=model`")
    locale: str | None = Field(default="", description="With `group_by=locale`")
    context_tag: str | None = Field(default="", description="With `group_by=context_tag`")


class TokenUsageRow(MetricsRow):
    total_requests: int
    avg_tokens: float | None
    avg_prompt_tokens: float | None
    avg_completion_tokens: float | None
    avg_savings_percent: float | None = Field(description="Against `json`, with `group_by=data_format`")
    total_tokens: int
    cost_usd: float | None = Field(description="`null`: no price is configured")


class TokenUsageSummary(Shape):
    total_requests: int
    total_tokens: int
    cost_usd: float | None


class TokenUsage(Shape):
    data: list[TokenUsageRow]
    summary: TokenUsageSummary


class ParsingAccuracyRow(MetricsRow):
    total_requests: int = Field(description="Answers")
    successful: int
    failed: int = Field(description="Not in the format that was asked for, or cut off")
    accuracy_percent: float
    avg_response_time_ms: float | None
    p50_response_time_ms: float | None
    p95_response_time_ms: float | None


class ParsingAccuracy(Shape):
    data: list[ParsingAccuracyRow]


class ErrorsRow(MetricsRow):
    error_count: int = Field(description="Calls without an answer, and answers that failed the checks")
    affected_entity_types: list[EntityKind]
    avg_response_time_ms: float | None
    codes: dict[str, int] = Field(description="How often which: failures of the provider, and what the checks found")


class Errors(Shape):
    data: list[ErrorsRow]


class TokenSavings(Shape):
    absolute: float
    percent: float


class FormatAccuracy(Shape):
    json_: float = Field(alias="json")
    toon: float
    difference: float


class FormatTokens(Shape):
    json_: float = Field(alias="json")
    toon: float
    savings: float


class FormatComparison(Shape):
    token_savings: TokenSavings
    accuracy: FormatAccuracy
    avg_tokens: FormatTokens


class NothingToCompare(Shape):
    error: str


class Comparison(Shape):
    data: FormatComparison | NothingToCompare


def _parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": description}


_DAY = {"type": "string", "format": "date"}
_RANGE = (
    _parameter("entity_type", {"type": "string", "enum": list(EntityKind)}, "Only calls for such entities"),
    _parameter("start_date", _DAY, f"From this day on, in UTC; {DEFAULT_DAYS} days by default, at most {MAX_DAYS}"),
    _parameter("end_date", _DAY, "Up to and with this day; today by default"),
)
_GROUPED = (
    *_RANGE,
    _parameter(
        "group_by",
        {"type": "string", "enum": list(Grouping), "default": Grouping.DATA_FORMAT},
        "Names the first member of a row",
    ),
)
_BODY = json_body(SwitchBody.model_json_schema(), required=True, example={"reason": "the model writes nonsense"})

NOW = Operation({200: Success("The switch, and the budget of today", AiNow)}, admin=True)
STOP = Operation({200: Success("No call begins any more", Switch)}, body=_BODY, admin=True)
RESUME = Operation({200: Success("Calls may begin", Switch)}, body=_BODY, admin=True)
TOKEN_USAGE = Operation({200: Success("One row per group", TokenUsage)}, parameters=_GROUPED, admin=True)
PARSING_ACCURACY = Operation({200: Success("One row per group", ParsingAccuracy)}, parameters=_GROUPED, admin=True)
ERRORS = Operation({200: Success("One row per group that has errors", Errors)}, parameters=_GROUPED, admin=True)
COMPARISON = Operation({200: Success("Two formats side by side", Comparison)}, parameters=_RANGE, admin=True)
