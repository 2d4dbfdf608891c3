"""Errors of calls that no model read: the schema is not taken, or the model is not there. See `published`."""

from tests.unit.generator.openai.published import Published, openai_error

from generator.adapters.openai.errors import Meaning

_STRUCTURED = "Learn more about supported models at the Structured Outputs guide: https://platform.openai.com/docs/guides/structured-outputs"
_DEPLOYMENT = "If you created the deployment within the last 5 minutes, please wait a moment and try again."

UNREAD = (
    Published(
        "openai_no_schema",
        "https://github.com/microsoft/semantic-kernel/issues/12917",
        Meaning.SCHEMA,
        400,
        openai_error(
            f"Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model. {_STRUCTURED}",
            "invalid_request_error",
        ),
    ),
    Published(
        "openai_responses_parameter",
        "https://github.com/mkht/PSOpenAI/issues/44",
        Meaning.SCHEMA,
        400,
        openai_error(
            "Unsupported parameter: 'response_format'. In the Responses API, this parameter has moved to 'text.format'.",
            "invalid_request_error",
            "response_format",
            "unsupported_parameter",
        ),
    ),
    Published(
        "ark_no_schema",
        "https://github.com/agno-agi/agno/issues/2553",
        Meaning.SCHEMA,
        400,
        {
            "error": {
                "code": "InvalidParameter",
                "message": "The parameter `response_format.type` specified in the request are not valid: invalid value: `json_schema`, "
                "supported values are: `json_object` and `text`.",
                "param": "response_format.type",
                "type": "BadRequest",
            }
        },
    ),
    Published(
        "azure_old_api_version",
        "https://github.com/EvoTestOps/AISysRev/issues/104",
        Meaning.SCHEMA,
        400,
        openai_error(
            "Response_format value as json_schema is enabled only for api versions 2024-08-01-preview and later",
            "invalid_request_error",
        ),
    ),
    Published(
        "openrouter_no_provider_takes_the_schema",
        "https://github.com/EvoTestOps/AISysRev/issues/104",
        Meaning.SCHEMA,
        404,
        {
            "error": {
                "message": "No endpoints found that can handle the requested parameters. To learn more about provider routing, visit: "
                "https://openrouter.ai/docs/provider-routing",
                "code": 404,
            }
        },
    ),
    Published(
        "openrouter_raw_schema",
        "https://github.com/prism-php/prism/pull/813",
        Meaning.SCHEMA,
        400,
        {
            "error": {
                "message": "Provider returned error",
                "code": 400,
                "metadata": {
                    "raw": '{"error": {"message": "Invalid schema for response_format \'foo\': In context=(), \'required\' is required to '
                    "be supplied and to be an array including every key in properties. Missing 'bar'.\"}}",
                    "provider_name": "OpenAI",
                },
            }
        },
    ),
    Published(
        "lm_studio_no_schema",
        "https://github.com/bhimrazy/receipt-ocr/issues/20",
        Meaning.SCHEMA,
        400,
        {"error": "'response_format.json_schema.schema' must be an object"},
    ),
    Published(
        "llama_cpp_python_no_schema",
        "llama-cpp-python 0.3.36, recorded here on 2026-11-20",
        Meaning.SCHEMA,
        500,
        openai_error(
            "1 validation error:\n  {'type': 'literal_error', 'loc': ('body', 'response_format', 'type'), 'msg': \"Input should be 'text' "
            "or 'json_object'\", 'input': 'json_schema', 'ctx': {'expected': \"'text' or 'json_object'\"}}",
            "internal_server_error",
        ),
    ),
    Published(
        "ollama_no_schema",
        "ollama/llm/server.go",
        Meaning.SCHEMA,
        500,
        openai_error("invalid JSON schema in format", "api_error"),
    ),
    Published(
        "openai_no_access_to_the_model",
        "https://github.com/Aider-AI/aider/issues/1903",
        Meaning.MODEL,
        403,
        openai_error(
            "Project `proj_x` does not have access to model `gpt-4o-mini`",
            "invalid_request_error",
            None,
            "model_not_found",
        ),
    ),
    Published(
        "openai_no_such_model",
        "https://github.com/continuedev/continue/issues/10832 (Groq, in OpenAI's words)",
        Meaning.MODEL,
        404,
        openai_error(
            "The model `llama3.1-405b` does not exist or you do not have access to it.",
            "invalid_request_error",
            None,
            "model_not_found",
        ),
    ),
    Published(
        "azure_no_deployment",
        "https://github.com/chatboxai/chatbox/issues/861",
        Meaning.MODEL,
        404,
        {
            "error": {
                "code": "DeploymentNotFound",
                "message": f"The API deployment for this resource does not exist. {_DEPLOYMENT}",
            }
        },
    ),
    Published(
        "vllm_no_such_model",
        "https://github.com/vllm-project/vllm/issues/3485",
        Meaning.MODEL,
        404,
        {
            "object": "error",
            "message": "The model `Qwen1.5-14B-Chat-GPTQ-Int8` does not exist.",
            "type": "NotFoundError",
            "param": None,
            "code": 404,
        },
    ),
    Published(
        "ollama_no_such_model",
        "https://github.com/netease-youdao/QAnything/issues/555",
        Meaning.MODEL,
        404,
        openai_error('model "ollama" not found, try pulling it first', "api_error"),
    ),
)
