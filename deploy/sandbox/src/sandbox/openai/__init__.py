"""The text APIs of OpenAI, and of providers that speak its protocol, over template texts."""
