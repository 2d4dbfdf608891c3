"""What every peer stores: a row per job, a row per text. The schema is the least that does the same work."""

import os

import psycopg

DATABASE_URL = os.environ.get("BENCH_DATABASE_URL", "")
RABBITMQ_URL = os.environ.get("BENCH_RABBITMQ_URL", "")
REDIS_URL = os.environ.get("BENCH_REDIS_URL", "")
CONNECTIONS = 10
PREFETCH = 32
SCHEMA = """
CREATE TABLE jobs (
    id uuid PRIMARY KEY,
    entity_type text NOT NULL,
    slug text NOT NULL,
    locale text NOT NULL,
    context_tag text,
    status text NOT NULL DEFAULT 'PENDING',
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
);
CREATE INDEX ON jobs (created_at);
CREATE TABLE texts (
    id uuid PRIMARY KEY,
    job_id uuid NOT NULL REFERENCES jobs (id),
    slug text NOT NULL,
    locale text NOT NULL,
    text text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
"""
INSERT_JOB = "INSERT INTO jobs (id, entity_type, slug, locale, context_tag) VALUES ($1, $2, $3, $4, $5)"
INSERT_TEXT = "INSERT INTO texts (id, job_id, slug, locale, text) VALUES ($1, $2, $3, $4, $5)"
FINISH_JOB = "UPDATE jobs SET status = 'DONE', finished_at = now() WHERE id = $1"


def create_schema(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SCHEMA)
