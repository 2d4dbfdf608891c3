"""Deterministic prose in five languages, made of template sentences and of nothing but the facts handed in."""
