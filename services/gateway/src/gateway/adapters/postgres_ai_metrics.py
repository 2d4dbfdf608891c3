"""What AI calls used, cost and came to, from the journal of calls in PostgreSQL."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time

from sqlalchemy import TextClause, text

from gateway.ai_ports import Figures, Grouping, MetricsFilter
from shared.db.engine import Database

MAX_GROUPS = 100
_NAME: Mapping[Grouping, str] = {
    Grouping.DATA_FORMAT: "coalesce(ai_calls.data_format, 'json')",
    Grouping.MODEL: "ai_calls.model",
    Grouping.LOCALE: "jobs.locale",
    Grouping.CONTEXT_TAG: "coalesce(jobs.context_tag, jobs.result ->> 'context_tag')",
}
"""A call without an answer asked for the strict format. A job that was asked for no tag has none before its text is published."""


class PostgresAiMetrics:
    """Implements `AiMetrics`: an index scan over the calls of the range, and their jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def figures(self, asked: MetricsFilter) -> Sequence[Figures]:
        given = {
            "start": datetime.combine(asked.start, time.min, UTC),
            "end": datetime.combine(asked.end, time.max, UTC),
            "kind": asked.kind,
            "groups": MAX_GROUPS,
        }
        rows = (await self._database.read(_FIGURES[asked.grouping], given)).mappings().all()
        codes = defaultdict[str | None, dict[str, int]](dict)
        for row in (await self._database.read(_CODES[asked.grouping], given)).mappings():
            codes[row["name"]][row["code"]] = row["count"]
        return [Figures(**row, codes=codes[row["name"]]) for row in rows]


def _over_calls(grouping: Grouping, statement: str) -> TextClause:
    return text(
        f"""
        WITH calls AS (
            SELECT {_NAME[grouping]} AS name, jobs.entity_kind, outcome, prompt_tokens, completion_tokens, latency_ms,
                prompt_tokens + completion_tokens AS tokens, ai_calls.cost_usd, error_code,
                CASE outcome WHEN 'ok' THEN coalesce(problems, '{{}}') ELSE '{{}}' END AS problems,
                outcome IN ('error', 'throttled') OR outcome = 'ok' AND coalesce(cardinality(problems), 0) > 0 AS failed
            FROM ai_calls JOIN jobs ON jobs.id = ai_calls.job_id
            WHERE ai_calls.started_at >= :start AND ai_calls.started_at <= :end
                AND (CAST(:kind AS text) IS NULL OR jobs.entity_kind = CAST(:kind AS text))
        )
        {statement}
        """  # noqa: S608 (names written in this module)
    )


_FIGURES = {
    grouping: _over_calls(
        grouping,
        """
        SELECT name, count(*) AS requests, count(*) FILTER (WHERE outcome = 'ok') AS answered,
            count(*) FILTER (WHERE problems && ARRAY['malformed', 'truncated']) AS unparsed,
            count(*) FILTER (WHERE failed) AS errors,
            CAST(avg(prompt_tokens) AS float8) AS avg_prompt_tokens,
            CAST(avg(completion_tokens) AS float8) AS avg_completion_tokens,
            CAST(avg(tokens) AS float8) AS avg_tokens, coalesce(sum(tokens), 0) AS total_tokens, sum(cost_usd) AS cost_usd,
            CAST(avg(latency_ms) FILTER (WHERE outcome = 'ok') AS float8) AS avg_ms,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY latency_ms) FILTER (WHERE outcome = 'ok') AS p50_ms,
            percentile_cont(0.95) WITHIN GROUP (ORDER BY latency_ms) FILTER (WHERE outcome = 'ok') AS p95_ms,
            CAST(avg(latency_ms) FILTER (WHERE failed) AS float8) AS error_ms,
            coalesce(array_agg(DISTINCT entity_kind) FILTER (WHERE failed), '{}') AS failed_kinds
        FROM calls GROUP BY name ORDER BY name LIMIT :groups
        """,
    )
    for grouping in Grouping
}
_CODES = {
    grouping: _over_calls(
        grouping,
        """
        SELECT name, code, count(*) AS count FROM calls CROSS JOIN LATERAL (
            SELECT unnest(problems) UNION ALL SELECT coalesce(error_code, 'UNKNOWN_ERROR') WHERE outcome IN ('error', 'throttled')
        ) AS codes (code)
        WHERE failed GROUP BY name, code ORDER BY name, count DESC, code
        """,
    )
    for grouping in Grouping
}
