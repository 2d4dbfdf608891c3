"""Any endpoint that speaks OpenAI's protocol as a text model: OpenAI, Azure, OpenRouter, vLLM, Ollama, llama.cpp."""

from generator.adapters.openai.endpoint import Endpoint
from generator.adapters.openai.model import OpenAITextModel

__all__ = ["Endpoint", "OpenAITextModel"]
