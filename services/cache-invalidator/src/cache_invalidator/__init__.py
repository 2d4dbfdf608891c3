"""Turns completion and change events into cache invalidations."""
