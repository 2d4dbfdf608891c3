"""The statements of the journal of AI calls. Each writes calls and their books at once: what is counted and what is written never differ.

Rows are locked in one order everywhere, so that workers wait for each other but never in a circle: jobs by id, then the books of a day by
scope, then the switch.
"""

from sqlalchemy import text

from shared.db.ai_spending import ALL, CALLER, charged_usd, day

BEGUN, STOPPED, BY_CALLER, BY_ALL = "begun", "stopped", "caller", "all"
UNBOOKED = "unbooked"
"""What became of a wish for a call: begun, or why not. Unbooked: a book of the day is not open yet."""

BEGIN = text(
    f"""
    WITH asked AS (
        SELECT * FROM jsonb_to_recordset(CAST(CAST(:rows AS text) AS jsonb)) AS given (
            id uuid, job_id uuid, number integer, token uuid, max_attempts integer, model text, step text, prompt_hash text,
            prompt_version text, reserved_usd numeric)
    ), caps AS (
        SELECT CAST(:job_usd AS numeric) AS job_usd, CAST(:job_calls AS integer) AS job_calls,
            CAST(:caller_usd AS numeric) AS caller_usd, CAST(:caller_calls AS integer) AS caller_calls,
            CAST(:all_usd AS numeric) AS all_usd, CAST(:all_calls AS integer) AS all_calls
    ), current AS (
        SELECT asked.*, '{CALLER}' || jobs.caller AS payer, extract(epoch FROM jobs.deadline_at - now()) AS left_s
        FROM jobs JOIN asked ON asked.job_id = jobs.id
        WHERE jobs.status = 'PROCESSING' AND jobs.attempt = asked.number AND jobs.lease_token = asked.token
        ORDER BY jobs.id FOR UPDATE OF jobs
    ), known AS (
        SELECT current.id,
            (array_agg(calls.raw_answer ORDER BY calls.started_at DESC)
                FILTER (WHERE calls.outcome = 'ok' AND calls.prompt_hash = current.prompt_hash))[1] AS raw_answer,
            count(*) FILTER (WHERE calls.outcome <> 'throttled' AND calls.step = current.step) AS spent,
            count(*) FILTER (WHERE calls.outcome <> 'throttled') AS job_calls, coalesce(sum({charged_usd("calls")}), 0) AS job_usd
        FROM current LEFT JOIN ai_calls AS calls ON calls.job_id = current.job_id
        GROUP BY current.id, current.prompt_hash, current.step
    ), wanted AS (
        SELECT current.* FROM current JOIN known USING (id) CROSS JOIN caps
        WHERE known.raw_answer IS NULL AND known.spent < current.max_attempts
            AND coalesce(known.job_calls < caps.job_calls, true)
            AND coalesce(known.job_usd + current.reserved_usd <= caps.job_usd, true)
    ), books AS (
        SELECT scope, calls, reserved_usd + spent_usd AS charged_usd FROM ai_budgets
        WHERE day = {day("now()")} AND scope IN (SELECT '{ALL}' FROM wanted UNION SELECT payer FROM wanted)
        ORDER BY scope FOR UPDATE
    ), switch AS (
        SELECT stopped_at IS NOT NULL AS stopped FROM ai_switch WHERE EXISTS (SELECT FROM books) FOR SHARE
    ), charged AS (
        SELECT wanted.*,
            coalesce(books.calls + count(*) OVER mine <= caps.caller_calls, true)
                AND coalesce(books.charged_usd + sum(wanted.reserved_usd) OVER mine <= caps.caller_usd, true) AS payable
        FROM wanted JOIN books ON books.scope = wanted.payer CROSS JOIN caps
        WINDOW mine AS (PARTITION BY wanted.payer ORDER BY wanted.id)
    ), judged AS (
        SELECT charged.*,
            CASE WHEN switch.stopped THEN '{STOPPED}' WHEN NOT payable THEN '{BY_CALLER}'
                WHEN coalesce(books.calls + count(*) FILTER (WHERE payable) OVER turn <= caps.all_calls, true)
                    AND coalesce(
                        books.charged_usd + sum(charged.reserved_usd) FILTER (WHERE payable) OVER turn <= caps.all_usd, true)
                THEN '{BEGUN}' ELSE '{BY_ALL}' END AS verdict
        FROM charged JOIN books ON books.scope = '{ALL}' CROSS JOIN switch CROSS JOIN caps
        WINDOW turn AS (ORDER BY charged.id)
    ), written AS (
        INSERT INTO ai_calls (id, job_id, step, attempt, model, prompt_hash, prompt_version, reserved_usd)
        SELECT id, job_id, step, number, model, prompt_hash, prompt_version, reserved_usd FROM judged WHERE verdict = '{BEGUN}'
    ), due AS (
        SELECT books.scope, count(*) FILTER (WHERE verdict = '{BEGUN}') AS begun,
            count(*) FILTER (WHERE verdict = CASE books.scope WHEN '{ALL}' THEN '{BY_ALL}' ELSE '{BY_CALLER}' END) AS refused,
            coalesce(sum(reserved_usd) FILTER (WHERE verdict = '{BEGUN}'), 0) AS usd,
            CASE books.scope WHEN '{ALL}' THEN caps.all_calls ELSE caps.caller_calls END AS cap_calls,
            CASE books.scope WHEN '{ALL}' THEN caps.all_usd ELSE caps.caller_usd END AS cap_usd
        FROM books JOIN judged ON books.scope IN ('{ALL}', judged.payer) CROSS JOIN caps
        GROUP BY books.scope, caps.all_calls, caps.caller_calls, caps.all_usd, caps.caller_usd
    ), booked AS (
        UPDATE ai_budgets SET calls = calls + begun, reserved_usd = reserved_usd + usd, refused = ai_budgets.refused + due.refused,
            limit_calls = cap_calls, limit_usd = cap_usd,
            allowed_calls = CASE WHEN begun > 0 THEN cap_calls ELSE allowed_calls END,
            allowed_usd = CASE WHEN begun > 0 THEN cap_usd ELSE allowed_usd END
        FROM due WHERE ai_budgets.day = {day("now()")} AND ai_budgets.scope = due.scope
    )
    SELECT current.id, current.left_s, known.raw_answer,
        CASE WHEN wanted.id IS NOT NULL THEN coalesce(judged.verdict, '{UNBOOKED}') END AS verdict,
        extract(epoch FROM date_trunc('day', now(), 'UTC') + interval '1 day' - now()) AS renews_in_s
    FROM current JOIN known USING (id) LEFT JOIN wanted USING (id) LEFT JOIN judged USING (id)
    """  # noqa: S608 (names written in this code)
)
"""The locks make counting and writing down one step, and let a lost lease end before the call instead of after it.

Calls that are wished for together are counted in their order, first against the caps of their callers, then against the cap of all. The
switch is locked too: whoever stops the calls waits for those that are being written down, and nobody writes one down after that.
"""
OPEN_BOOKS = text(
    f"""
    WITH switch AS (INSERT INTO ai_switch (id) VALUES (1) ON CONFLICT DO NOTHING)
    INSERT INTO ai_budgets (scope, day)
    SELECT scope, {day("now()")} FROM (
        SELECT '{ALL}' UNION SELECT '{CALLER}' || caller FROM jobs WHERE id = ANY(CAST(:job_ids AS uuid[]))
    ) AS payers (scope)
    ORDER BY scope
    ON CONFLICT DO NOTHING
    """  # noqa: S608 (names written in this code)
)
END = text(
    f"""
    WITH given AS (
        SELECT * FROM jsonb_to_recordset(CAST(CAST(:rows AS text) AS jsonb)) AS given (
            id uuid, outcome text, raw_answer text, data_format text, prompt_tokens integer, completion_tokens integer,
            cost_usd numeric, error text, error_code text)
    ), ended AS (
        UPDATE ai_calls SET finished_at = clock_timestamp(),
            latency_ms = extract(epoch FROM clock_timestamp() - started_at) * 1000, outcome = given.outcome,
            raw_answer = given.raw_answer, data_format = given.data_format, prompt_tokens = given.prompt_tokens,
            completion_tokens = given.completion_tokens, cost_usd = given.cost_usd, error = given.error,
            error_code = given.error_code
        FROM given WHERE ai_calls.id = given.id AND ai_calls.outcome = 'unknown'
        RETURNING ai_calls.job_id, {day("ai_calls.started_at")} AS day, ai_calls.outcome, ai_calls.reserved_usd,
            {charged_usd("ai_calls")} AS charged_usd
    ), due AS (
        SELECT payers.scope, ended.day, count(*) FILTER (WHERE outcome = 'throttled') AS unread, sum(reserved_usd) AS released_usd,
            sum(charged_usd) AS charged_usd
        FROM ended JOIN jobs ON jobs.id = ended.job_id
        CROSS JOIN LATERAL (VALUES ('{ALL}'), ('{CALLER}' || jobs.caller)) AS payers (scope)
        WHERE ended.reserved_usd IS NOT NULL
        GROUP BY payers.scope, ended.day
    ), books AS (
        SELECT day, scope, unread, released_usd, charged_usd FROM ai_budgets JOIN due USING (day, scope)
        ORDER BY day, scope FOR UPDATE OF ai_budgets
    )
    UPDATE ai_budgets SET calls = calls - unread, reserved_usd = reserved_usd - released_usd, spent_usd = spent_usd + charged_usd
    FROM books WHERE ai_budgets.day = books.day AND ai_budgets.scope = books.scope
    """  # noqa: S608 (names written in this code)
)
"""Only the first end of a call counts."""
REJECT = text(
    """
    UPDATE ai_calls SET problems = given.problems
    FROM jsonb_to_recordset(CAST(CAST(:rows AS text) AS jsonb)) AS given (job_id uuid, prompt_hash text, problems text[])
    WHERE ai_calls.job_id = given.job_id AND ai_calls.prompt_hash = given.prompt_hash AND ai_calls.outcome = 'ok'
    """
)
