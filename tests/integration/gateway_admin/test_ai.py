"""The operator's view of AI calls: the switch, the budget of the day, and the metrics."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import insert, text, update
from tests.integration.gateway_admin.desk import Desk
from tests.support.jobs import store_generation

from gateway.adapters.postgres_ai_metrics import PostgresAiMetrics
from gateway.ai_ports import Grouping, MetricsFilter
from gateway.app import openapi_document
from generator.adapters.postgres_calls import PostgresCallJournal
from generator.ports import Answer, Budget, Call, Cap, Message, Prompt, Spent, Step
from shared import ids
from shared.clock import SystemClock
from shared.db.attempts import PostgresAttempts
from shared.db.engine import Database, Transaction
from shared.db.tables import ai_calls, jobs
from shared.entities import ContextTag, EntityKind, Locale
from shared.errors import Transient
from shared.jobs import Attempt, AttemptPolicy, Failure, FailureType
from shared.topology import GENERATION_REQUESTS

AI, METRICS = "/api/v1/admin/ai", "/api/v1/admin/ai-metrics"
REASON = {"reason": "the model writes nonsense"}
BROKEN = Failure(type=FailureType.AI_API_ERROR, technical_message="broken")
TWO_YEARS = text(
    """
    INSERT INTO ai_calls (id, job_id, step, attempt, model, prompt_hash, prompt_version, outcome, started_at)
    SELECT gen_random_uuid(), :job_id, 'write', 1, 'm', 'h', 'v1', 'ok', now() - n * interval '1 hour'
    FROM generate_series(1, 17520) AS n
    """
)
READ_IN_SEQUENCE = text("SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'ai_calls'")
REPORTS = ("token-usage", "parsing-accuracy", "errors", "comparison")


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    return openapi_document()


async def claimed(desk: Desk, caller: str = "key:anna", **asked: Any) -> Attempt:
    """The first attempt of a new job."""
    job = await store_generation(desk.database, str(ids.job_id()), caller=caller, **asked)
    attempts = PostgresAttempts(desk.database, "generator", GENERATION_REQUESTS.name, AttemptPolicy())
    attempt = await attempts.claim(job.event)
    assert isinstance(attempt, Attempt)
    return attempt


async def begun(journal: PostgresCallJournal, attempt: Attempt, prompt: str = "write", model: str = "m") -> Call:
    call = await journal.begin(attempt, Prompt((Message("user", prompt),), "v1"), model, Step.WRITE)
    assert isinstance(call, Call)
    return call


async def data(desk: Desk, report: str, query: str = "") -> Any:
    answer = await desk.call("GET", f"{METRICS}/{report}?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def add_call(desk: Desk, attempt: Attempt, **values: Any) -> None:
    async def work(tx: Transaction) -> None:
        row = {"step": "write", "attempt": 1, "model": "m", "prompt_hash": "h", "prompt_version": "v1", "outcome": "ok"}
        await tx.execute(insert(ai_calls).values(id=ids.row_id(), job_id=attempt.job_id, **row | values))

    await desk.database.run(work)


async def test_stopping_is_seen_by_every_journal_and_audited_once(desk: Desk) -> None:
    journal, attempt = PostgresCallJournal(desk.database), await claimed(desk)
    await begun(journal, attempt)

    stopped = await desk.call("POST", f"{AI}/stop", REASON)
    again = await desk.call("POST", f"{AI}/stop", {"reason": "another reason"})
    with pytest.raises(Transient):
        await begun(journal, attempt)
    resumed = [await desk.call("POST", f"{AI}/resume", {"reason": "it was changed"}) for _ in range(2)]
    await begun(journal, attempt)

    body = stopped.json()
    assert (stopped.status_code, body["stopped"], body["stopped_by"], body["reason"]) == (
        200,
        True,
        "token",
        REASON["reason"],
    )
    assert again.json() == body
    assert [answer.json()["stopped"] for answer in resumed] == [False, False]
    assert [(action, after) for _, action, _, _, after in await desk.audit()] == [
        ("ai.stop", {"stopped": True, **REASON}),
        ("ai.resume", {"stopped": False, "reason": "it was changed"}),
    ]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"reason": ""},
        {"reason": "  x  "},
        {"reason": "x" * 501},
        {"reason": "a\x00bc"},
        {"reason": 5},
        REASON | {"x": 1},
    ],
    ids=["none", "empty", "short", "long", "nul", "number", "unknown member"],
)
async def test_a_stop_needs_a_reason(desk: Desk, body: Mapping[str, Any]) -> None:
    answer = await desk.call("POST", f"{AI}/stop", body)

    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await desk.call("GET", AI)).json()["switch"]["stopped"] is False
    assert await desk.audit() == []


async def test_the_budget_of_today_is_shown_with_its_callers(desk: Desk) -> None:
    budget = Budget(caller=Cap(calls=2), everything=Cap(usd=Decimal(5)))
    journal = PostgresCallJournal(desk.database, budget=budget, tariff=HalfADollar())
    anna, bert = await claimed(desk), await claimed(desk, "key:bert")
    calls = [await begun(journal, anna, str(number)) for number in range(2)]
    await journal.answered(calls[0], Answer("{}", "stop", "m"), Spent(1, 1, Decimal("0.125")))
    with pytest.raises(Transient):
        await begun(journal, anna, "once more")
    await begun(journal, bert)

    found = (await desk.call("GET", AI)).json()["budget"]

    today = SystemClock().now().date()
    assert found["day"] == today.isoformat()
    assert found["renews_at"] == f"{today + timedelta(days=1)}T00:00:00.000Z"
    assert found["total"] == {
        "calls": 3,
        "refused_calls": 0,
        "reserved_usd": 1.0,
        "spent_usd": 0.125,
        "limit_calls": None,
        "limit_usd": 5.0,
    }
    assert [(one["caller"], one["calls"], one["refused_calls"], one["limit_calls"]) for one in found["callers"]] == [
        ("key:anna", 2, 1, 2),
        ("key:bert", 1, 0, 2),
    ]


class HalfADollar:
    """A tariff."""

    def most_usd(self, prompt: Prompt, model: str) -> Decimal:
        return Decimal("0.5")


@pytest.fixture
async def measured(desk: Desk) -> Desk:
    """Three films and a bio: calls of two models that went well, were not taken, could not be parsed, failed and were throttled."""
    journal = PostgresCallJournal(desk.database)
    film = await claimed(desk, tag=ContextTag.MODERN)
    german = await claimed(desk, locale=Locale.DE)
    person = await claimed(desk, kind=EntityKind.PERSON)
    await journal.answered(await begun(journal, film), Answer("{}", "stop", "m"), Spent(100, 50, Decimal("0.25")))
    await journal.answered(
        await begun(journal, german, model="plain"), Answer("{}", "stop", "plain", "json_plain"), Spent(300, 90)
    )
    await journal.rejected(german, Prompt((Message("user", "write"),), "v1"), ["malformed"])
    await journal.answered(await begun(journal, person, "a"), Answer("{}", "stop", "m"), Spent(200, 100))
    await journal.rejected(person, Prompt((Message("user", "a"),), "v1"), ["language", "too_short"])
    await journal.failed(await begun(journal, person, "b"), BROKEN)
    await journal.failed(await begun(journal, person, "c"), BROKEN, counted=False)

    async def at_fixed_speed(tx: Transaction) -> None:
        await tx.execute(update(ai_calls).values(latency_ms=100))
        await tx.execute(update(ai_calls).values(latency_ms=300).where(ai_calls.c.problems.is_not(None)))

    await desk.database.run(at_fixed_speed)
    return desk


async def test_token_usage_by_format(measured: Desk) -> None:
    answer = (await measured.call("GET", f"{METRICS}/token-usage")).json()

    assert answer == {
        "data": [
            {
                "data_format": "json",
                "total_requests": 4,
                "avg_tokens": 225.0,
                "avg_prompt_tokens": 150.0,
                "avg_completion_tokens": 75.0,
                "avg_savings_percent": 0.0,
                "total_tokens": 450,
                "cost_usd": 0.25,
            },
            {
                "data_format": "json_plain",
                "total_requests": 1,
                "avg_tokens": 390.0,
                "avg_prompt_tokens": 300.0,
                "avg_completion_tokens": 90.0,
                "avg_savings_percent": -73.33,
                "total_tokens": 390,
                "cost_usd": None,
            },
        ],
        "summary": {"total_requests": 5, "total_tokens": 840, "cost_usd": 0.25},
    }


async def test_parsing_accuracy_and_latency(measured: Desk) -> None:
    strict, plain = await data(measured, "parsing-accuracy")

    assert strict == {
        "data_format": "json",
        "total_requests": 2,
        "successful": 2,
        "failed": 0,
        "accuracy_percent": 100.0,
        "avg_response_time_ms": 200.0,
        "p50_response_time_ms": 200.0,
        "p95_response_time_ms": 290.0,
    }
    assert (plain["successful"], plain["failed"], plain["accuracy_percent"]) == (0, 1, 0.0)


async def test_errors_by_code(measured: Desk) -> None:
    strict, plain = await data(measured, "errors")

    assert strict == {
        "data_format": "json",
        "error_count": 3,
        "affected_entity_types": ["PERSON"],
        "avg_response_time_ms": 166.67,
        "codes": {"AI_API_ERROR": 2, "language": 1, "too_short": 1},
    }
    assert (plain["affected_entity_types"], plain["codes"]) == (["MOVIE"], {"malformed": 1})


@pytest.mark.parametrize(
    ("group", "names"),
    [("model", ["m", "plain"]), ("locale", ["de-DE", "en-US"]), ("context_tag", ["modern", None])],
)
async def test_rows_begin_with_what_they_are_grouped_by(measured: Desk, group: str, names: list[str | None]) -> None:
    rows = await data(measured, "token-usage", f"group_by={group}")

    assert [(next(iter(row)), row[group]) for row in rows] == [(group, name) for name in names]
    assert {row["avg_savings_percent"] for row in rows} == {None}


async def test_the_tag_of_a_job_that_named_none_is_that_of_its_text(measured: Desk) -> None:
    async def work(tx: Transaction) -> None:
        await tx.execute(update(jobs).where(jobs.c.context_tag.is_(None)).values(result={"context_tag": "critical"}))

    await measured.database.run(work)

    rows = await data(measured, "token-usage", "group_by=context_tag")

    assert [row["context_tag"] for row in rows] == ["critical", "modern"]


async def test_metrics_are_of_one_kind_and_of_whole_days(measured: Desk) -> None:
    today = SystemClock().now().date()
    yesterday = today - timedelta(days=1)
    await add_call(measured, await claimed(measured), started_at=datetime.combine(yesterday, datetime.max.time(), UTC))

    people = await data(measured, "token-usage", "entity_type=PERSON")
    of_yesterday = await data(measured, "token-usage", f"start_date={yesterday}&end_date={yesterday}")
    of_both = await data(measured, "token-usage", f"start_date={yesterday}")
    long_ago = await data(measured, "token-usage", "end_date=2020-01-01")

    assert [row["total_requests"] for row in people] == [3]
    assert [row["total_requests"] for row in of_yesterday] == [1]
    assert [row["total_requests"] for row in of_both] == [5, 1]
    assert long_ago == []


async def test_formats_are_compared_when_both_were_used(measured: Desk) -> None:
    alone = await data(measured, "comparison")
    await add_call(
        measured, await claimed(measured), data_format="toon", prompt_tokens=100, completion_tokens=80, latency_ms=5
    )

    both = await data(measured, "comparison")

    assert alone == {"error": "Insufficient data for comparison"}
    assert both == {
        "token_savings": {"absolute": 45.0, "percent": 20.0},
        "accuracy": {"json": 100.0, "toon": 100.0, "difference": 0.0},
        "avg_tokens": {"json": 225.0, "toon": 180.0, "savings": 45.0},
    }


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("group_by=caller", "group_by"),
        ("entity_type=BOOK", "entity_type"),
        ("start_date=yesterday", "start_date"),
        ("start_date=2026-02-02&end_date=2026-02-01", "end_date"),
        ("start_date=2025-01-01&end_date=2026-01-02", "start_date"),
        ("end_date=2026-02-30", "end_date"),
    ],
)
@pytest.mark.parametrize("report", REPORTS)
async def test_a_wrong_question_is_named(desk: Desk, report: str, query: str, wrong: str) -> None:
    answer = await desk.call("GET", f"{METRICS}/{report}?{query}")

    assert (answer.status_code, list(answer.json()["errors"])) == (422, [wrong])


@pytest.mark.parametrize(
    "query", ["start_date=2025-01-01&end_date=2026-01-01", "end_date=0001-01-01", "end_date=9999-12-31"]
)
async def test_the_longest_range_and_the_first_day_are_answered(desk: Desk, query: str) -> None:
    assert await data(desk, "errors", query) == []


def check(published: dict[str, Any], path: str, answer: httpx.Response) -> None:
    response = published["paths"][path][answer.request.method.lower()]["responses"][str(answer.status_code)]
    schema = response["content"][answer.headers["content-type"]]["schema"] | {"components": published["components"]}
    Draft202012Validator(schema).validate(answer.json())


async def test_answers_are_as_published(measured: Desk, published: dict[str, Any]) -> None:
    answers = [
        (AI, await measured.call("GET", AI)),
        (f"{AI}/stop", await measured.call("POST", f"{AI}/stop", REASON)),
        (f"{AI}/stop", await measured.call("POST", f"{AI}/stop", {})),
        (AI, await measured.call("GET", AI)),
        (f"{AI}/resume", await measured.call("POST", f"{AI}/resume", REASON)),
        *[
            (f"{METRICS}/{report}", await measured.call("GET", f"{METRICS}/{report}?group_by={group}"))
            for report in REPORTS
            for group in ("data_format", "context_tag", "caller")
        ],
        (AI, await measured.world.client.get(AI)),
    ]

    assert [answer.status_code for _, answer in answers] == [200, 200, 422, 200, 200, *[200, 200, 422] * 4, 401]
    for path, answer in answers:
        check(published, path, answer)


async def test_metrics_read_the_calls_of_their_days_only(desk: Desk, database_url: str) -> None:
    attempt = await claimed(desk)

    async def two_years(tx: Transaction) -> None:
        await tx.execute(TWO_YEARS, {"job_id": attempt.job_id})
        await tx.execute(text("ANALYZE ai_calls"))

    await desk.database.run(two_years)
    before = (await desk.database.read(READ_IN_SEQUENCE)).scalar()
    today = SystemClock().now().date()

    async with Database.open(database_url, "metrics") as own:  # its end sends what it has counted
        asked = MetricsFilter(None, today - timedelta(days=29), today, Grouping.MODEL)
        (found,) = await PostgresAiMetrics(own).figures(asked)

    assert found.requests == pytest.approx(29 * 24 + 12, abs=13)
    assert (await desk.database.read(READ_IN_SEQUENCE)).scalar() == before
