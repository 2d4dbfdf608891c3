"""What the four services have in common: the events they exchange, the tables they meet in, and the machinery between the two."""
