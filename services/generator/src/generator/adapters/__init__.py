"""The outside systems of the generator, one per file."""
