"""Simulators of the OpenAI and TMDb protocols with sample facts, a ledger of calls and scripted faults."""
