"""TMDb: the client, the mapping of its documents to facts, and the catalogue that looks slugs up in it."""
