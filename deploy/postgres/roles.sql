-- One login role per service, which may write the tables that the service owns and no others. Repeatable; run after every migration, by the
-- owner of the tables (it needs CREATEROLE):
--
--   GATEWAY_PASSWORD=… GENERATOR_PASSWORD=… TMDB_SYNC_PASSWORD=… CACHE_INVALIDATOR_PASSWORD=… \
--     psql --set=ON_ERROR_STOP=1 --file=deploy/postgres/roles.sql "$DATABASE_URL"
--
-- `--set=prefix=…` changes the beginning of the role names (roles belong to the whole server): moviemind_ by default.
\if :{?prefix}
\else
\set prefix moviemind_
\endif
\set gateway :prefix gateway
\set generator :prefix generator
\set tmdb_sync :prefix tmdb_sync
\set cache_invalidator :prefix cache_invalidator
\set services :prefix services
\set sweepers :prefix sweepers
\getenv gateway_password GATEWAY_PASSWORD
\getenv generator_password GENERATOR_PASSWORD
\getenv tmdb_sync_password TMDB_SYNC_PASSWORD
\getenv cache_invalidator_password CACHE_INVALIDATOR_PASSWORD

BEGIN;
SET LOCAL lock_timeout = '15s';
SET LOCAL statement_timeout = '60s';
SET LOCAL client_min_messages = warning;

SELECT format('CREATE ROLE %I', name)
FROM unnest(ARRAY[:'gateway', :'generator', :'tmdb_sync', :'cache_invalidator', :'services', :'sweepers']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec

ALTER ROLE :"gateway" LOGIN PASSWORD :'gateway_password';
ALTER ROLE :"generator" LOGIN PASSWORD :'generator_password';
ALTER ROLE :"tmdb_sync" LOGIN PASSWORD :'tmdb_sync_password';
ALTER ROLE :"cache_invalidator" LOGIN PASSWORD :'cache_invalidator_password';
GRANT :"services" TO :"gateway", :"generator", :"tmdb_sync", :"cache_invalidator";
GRANT :"sweepers" TO :"gateway", :"generator", :"tmdb_sync";

-- Start from nothing, so that what is not said below does not hold.
REVOKE ALL ON DATABASE :"DBNAME" FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA public
    FROM PUBLIC, :"gateway", :"generator", :"tmdb_sync", :"cache_invalidator", :"services", :"sweepers";
GRANT CONNECT ON DATABASE :"DBNAME" TO :"services";
GRANT USAGE ON SCHEMA public TO :"services";

-- Every process: its relay publishes any row, its consumer remembers what is done and parks what it cannot read.
GRANT SELECT, INSERT, DELETE, UPDATE (available_at, attempts, headers) ON outbox TO :"services";
GRANT SELECT, INSERT ON inbox TO :"services";
GRANT INSERT ON dead_letters TO :"services";

-- Whoever moves jobs: the gateway, the workers that hold leases, and the sweep that they run.
GRANT SELECT, UPDATE ON jobs TO :"sweepers";
GRANT SELECT, INSERT ON job_transitions TO :"sweepers";
GRANT SELECT (expires_at), DELETE ON idempotency_keys TO :"sweepers";
GRANT DELETE ON inbox TO :"sweepers";

GRANT SELECT ON entities, slug_aliases, credits, tmdb_snapshots, texts, job_callers TO :"gateway", :"generator", :"tmdb_sync";

GRANT INSERT ON jobs TO :"gateway";
GRANT INSERT, UPDATE, DELETE ON job_callers TO :"gateway";
GRANT SELECT, INSERT, UPDATE ON idempotency_keys, api_keys TO :"gateway";
GRANT SELECT ON ai_calls, ai_budgets, dead_letters TO :"gateway";
GRANT SELECT, INSERT, UPDATE ON ai_switch TO :"gateway";
-- what an operator does to a dead letter, and who did it; entries of the audit are never altered
GRANT UPDATE (replayed_at, purged_at, headers, body, detail, exact) ON dead_letters TO :"gateway";
GRANT SELECT, INSERT ON admin_audit TO :"gateway";

GRANT INSERT, UPDATE ON entities, tmdb_snapshots TO :"generator", :"tmdb_sync";
GRANT SELECT ON search_documents, search_words TO :"gateway", :"generator", :"tmdb_sync";
GRANT INSERT, UPDATE ON search_documents TO :"generator", :"tmdb_sync";
GRANT INSERT ON search_words TO :"generator", :"tmdb_sync";
GRANT INSERT ON slug_aliases TO :"generator", :"tmdb_sync";
GRANT INSERT, UPDATE, DELETE ON credits TO :"generator", :"tmdb_sync";

GRANT INSERT, UPDATE ON texts TO :"generator";
GRANT SELECT, INSERT, UPDATE ON ai_calls TO :"generator";
GRANT SELECT, INSERT, UPDATE, DELETE ON ai_budgets TO :"generator";
-- it may lock the switch, which takes the right to change a column, and not turn it
GRANT SELECT, INSERT (id), UPDATE (id) ON ai_switch TO :"generator";
-- whether an interrupted attempt had begun a call
GRANT SELECT (id, job_id, attempt, outcome) ON ai_calls TO :"tmdb_sync";

-- Events: each service adds its own types; any relay reads, postpones and deletes any row.
ALTER TABLE outbox ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS relay_reads ON outbox;
DROP POLICY IF EXISTS relay_postpones ON outbox;
DROP POLICY IF EXISTS relay_deletes ON outbox;
DROP POLICY IF EXISTS gateway_adds ON outbox;
DROP POLICY IF EXISTS gateway_replays ON outbox;
DROP POLICY IF EXISTS generator_adds ON outbox;
DROP POLICY IF EXISTS tmdb_sync_adds ON outbox;
DROP POLICY IF EXISTS sweep_adds ON outbox;
CREATE POLICY relay_reads ON outbox FOR SELECT TO :"services" USING (true);
CREATE POLICY relay_postpones ON outbox FOR UPDATE TO :"services" USING (true);
CREATE POLICY relay_deletes ON outbox FOR DELETE TO :"services" USING (true);
CREATE POLICY gateway_adds ON outbox FOR INSERT TO :"gateway"
    WITH CHECK (type IN ('generation.requested', 'refresh.requested'));
-- whatever died in a queue may go back to that queue, and to no other
CREATE POLICY gateway_replays ON outbox FOR INSERT TO :"gateway"
    WITH CHECK (EXISTS (SELECT FROM dead_letters AS letter WHERE letter.event_id = outbox.event_id AND letter.queue = target_queue)
        OR EXISTS (SELECT FROM dead_letters AS letter WHERE letter.id = outbox.event_id AND letter.queue = target_queue));
CREATE POLICY generator_adds ON outbox FOR INSERT TO :"generator"
    WITH CHECK (type IN ('generation.completed', 'entity.changed'));
CREATE POLICY tmdb_sync_adds ON outbox FOR INSERT TO :"tmdb_sync"
    WITH CHECK (type IN ('refresh.completed', 'entity.changed'));
-- a job that ended without a result, and a request that is sent again to the one queue it is worked from
CREATE POLICY sweep_adds ON outbox FOR INSERT TO :"sweepers"
    WITH CHECK (type IN ('generation.failed', 'refresh.failed')
        OR (type IN ('generation.requested', 'refresh.requested') AND target_queue <> ''));

COMMIT;
