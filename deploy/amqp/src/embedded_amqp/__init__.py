"""A single-machine AMQP 0-9-1 broker, for trying and for tests. Production is RabbitMQ."""

from embedded_amqp.journal import JournalError
from embedded_amqp.server import Server, Settings

__all__ = ["JournalError", "Server", "Settings"]
