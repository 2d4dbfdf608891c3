"""Runs the whole system on one machine: PostgreSQL, Redis, broker and sandbox from wheels, and the four services."""
