"""Transactional outbox: events are rows written with their effect, and a relay publishes them."""

from shared.outbox.store import add, add_all, add_retry

__all__ = ["add", "add_all", "add_retry"]
