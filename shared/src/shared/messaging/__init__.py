"""FastStream and aio-pika, with the defaults that lose nothing, and the four ways in which a handler can end."""
