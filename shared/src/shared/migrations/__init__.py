"""Alembic migrations: dated, each with a lock timeout, each running while the code before it still serves."""
