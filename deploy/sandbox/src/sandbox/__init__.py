"""Simulators of the OpenAI, TMDb, Trakt and OMDb protocols with sample facts, a ledger of calls and scripted faults."""
