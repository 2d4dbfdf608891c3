"""What the generator does, one class per verb."""
