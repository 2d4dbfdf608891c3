"""The OpenAI protocol (https://platform.openai.com/docs/api-reference/chat) over template texts."""
