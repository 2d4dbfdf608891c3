"""Keeps the facts about stored entities in step with TMDb."""
