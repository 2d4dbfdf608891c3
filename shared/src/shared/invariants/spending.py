"""What AI calls cost: bounded for each job, within the caps of each day, and in the books exactly as in the calls."""

from shared.db.ai_spending import ALL, CALLER, charged_usd, day
from shared.invariants.statements import statement

TOO_MANY_CALLS = statement(
    "jobs made more calls that may be billed than they have attempts",
    """
    SELECT jobs.id FROM jobs JOIN ai_calls ON ai_calls.job_id = jobs.id
    WHERE jobs.created_at >= now() - make_interval(secs => :window_s) AND ai_calls.outcome <> 'throttled'
    GROUP BY jobs.id, ai_calls.step HAVING count(*) > jobs.max_attempts
    """,
)
OVER_THE_CAP = statement(
    "days of callers, or of all, came to more than the cap under which their last call was begun",
    f"""
    SELECT day || ' ' || scope FROM ai_budgets
    WHERE day >= {day("now() - make_interval(secs => :window_s)")}
      AND (calls > allowed_calls OR reserved_usd + spent_usd > allowed_usd)
    """,  # noqa: S608 (names written in this code)
)
NEGATIVE = statement(
    "days of callers, or of all, have less than nothing reserved or spent",
    f"""
    SELECT day || ' ' || scope FROM ai_budgets
    WHERE day >= {day("now() - make_interval(secs => :window_s)")} AND least(calls, reserved_usd, spent_usd) < 0
    """,  # noqa: S608 (names written in this code)
)
OTHER_THAN_THE_CALLS = statement(
    "days of callers, or of all, have other sums than the calls that were made in them",
    f"""
    SELECT ai_budgets.day || ' ' || ai_budgets.scope FROM ai_budgets LEFT JOIN (
        SELECT {day("ai_calls.started_at")} AS day, payers.scope, count(*) FILTER (WHERE outcome <> 'throttled') AS calls,
            coalesce(sum({charged_usd("ai_calls")}) FILTER (WHERE outcome = 'unknown'), 0) AS reserved_usd,
            coalesce(sum({charged_usd("ai_calls")}) FILTER (WHERE outcome <> 'unknown'), 0) AS spent_usd
        FROM ai_calls JOIN jobs ON jobs.id = ai_calls.job_id
        CROSS JOIN LATERAL (VALUES ('{ALL}'), ('{CALLER}' || jobs.caller)) AS payers (scope)
        WHERE ai_calls.started_at >= date_trunc('day', now() - make_interval(secs => :window_s), 'UTC')
          AND ai_calls.reserved_usd IS NOT NULL
        GROUP BY 1, 2
    ) AS made USING (day, scope)
    WHERE ai_budgets.day >= {day("now() - make_interval(secs => :window_s)")}
      AND (ai_budgets.calls, ai_budgets.reserved_usd, ai_budgets.spent_usd)
        IS DISTINCT FROM (coalesce(made.calls, 0), coalesce(made.reserved_usd, 0), coalesce(made.spent_usd, 0))
    """,  # noqa: S608 (names written in this code)
)
"""Calls from before there were budgets have nothing reserved, and count for no book."""
