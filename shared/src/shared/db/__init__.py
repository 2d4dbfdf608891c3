"""PostgreSQL: engine, unit of work, tables, and the statements that more than one service needs."""
