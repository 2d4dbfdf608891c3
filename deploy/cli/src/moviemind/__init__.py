"""MovieMind's command line: the supervisor of the embedded system and the operator commands."""
