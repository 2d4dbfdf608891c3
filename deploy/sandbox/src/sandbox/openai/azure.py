"""Azure OpenAI (https://learn.microsoft.com/azure/ai-foundry/openai/reference), under `/azure`.

A deployment is named like its model. Bodies: the content filter's from
https://learn.microsoft.com/azure/ai-foundry/openai/concepts/content-filter, DeploymentNotFound from OpenBMB/AgentVerse#140, the
throttling as openai-python users quote it (`have exceeded call rate limit of your current OpenAI S0 pricing tier`).
"""

import math
from typing import Any

from starlette.requests import Request

from sandbox.faults import Fault
from sandbox.openai.asked import Asked, model_exists
from sandbox.openai.completion import Completion
from sandbox.openai.dialect import OpenAi
from sandbox.openai.errors import ApiError
from sandbox.openai.limits import Quota

_CATEGORIES = ("hate", "self_harm", "sexual", "violence")
_SAFE = {name: {"filtered": False, "severity": "safe"} for name in _CATEGORIES}
_FILTERED = _SAFE | {"violence": {"filtered": True, "severity": "medium"}}
_OPERATIONS = {"chat": "ChatCompletions_Create", "responses": "Responses_Create"}


class Azure(OpenAi):
    """What Azure does differently: keys, deployments, versions, filters and errors."""

    provider = "azure"
    prefix = "/azure/openai"

    def authorise(self, request: Request, /) -> str:
        key = request.headers.get("api-key", "") or request.headers.get("authorization", "").partition(" ")[2]
        if not key.strip() or key == "sk-invalid":
            raise _error(
                401,
                "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an "
                "active subscription and use a correct regional API endpoint for your resource.",
            )
        return key.strip()

    def read(self, body: dict[str, Any], request: Request, /) -> dict[str, Any]:
        versioned = request.url.path.startswith(f"{self.prefix}/v1/") or request.query_params.get("api-version")
        if not versioned:
            raise _error(404, "Resource not found")
        name = request.path_params.get("deployment") or body.get("model")
        if not isinstance(name, str) or not model_exists(name):
            raise _error(
                404,
                "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, "
                "please wait a moment and try again.",
                "DeploymentNotFound",
            )
        return {**body, "model": name}

    def refusal(self, fault: Fault, asked: Asked, request: Request, /) -> ApiError | None:
        if fault.kind == "prompt_filter":
            return _content_filter()
        if fault.kind == "throttle":
            return self.limited(asked, fault.retry_after_s or 1, request)
        return super().refusal(fault, asked, request)

    def limited(self, asked: Asked, wait_s: float, request: Request) -> ApiError:
        """Too many calls, in Azure's words."""
        version = request.query_params.get("api-version", "v1")
        return _error(
            429,
            f"Requests to the {_OPERATIONS[asked.api]} Operation under Azure OpenAI API version {version} have exceeded call "
            f"rate limit of your current OpenAI S0 pricing tier. Please retry after {math.ceil(wait_s)} seconds. Please go here: "
            "https://aka.ms/oai/quotaincrease if you would like to further increase the default rate limit.",
        )

    def exceeded(self, quota: Quota, asked: Asked, request: Request, /) -> ApiError | None:
        if quota.exceeded is None:
            return None
        error = self.limited(asked, quota.wait_s, request)
        error.headers |= quota.exceeded.headers
        return error

    def present(self, answer: dict[str, Any], completion: Completion, asked: Asked, /) -> dict[str, Any]:
        if asked.api != "chat":
            return answer
        results = _FILTERED if completion.finish_reason == "content_filter" else _SAFE
        choices = [choice | {"content_filter_results": results} for choice in answer["choices"]]
        return answer | {
            "choices": choices,
            "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": _SAFE}],
        }

    def headers(self, request_id: str, _elapsed_s: float, /) -> dict[str, str]:
        return {"x-request-id": request_id, "apim-request-id": request_id, "x-ms-region": "Sandbox"}


def _error(status: int, message: str, code: str | None = None) -> ApiError:
    return ApiError(status, message, body={"error": {"code": code or str(status), "message": message}})


def _content_filter() -> ApiError:
    message = (
        "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your "
        "prompt and retry. To learn more about our content filtering policies please read our documentation: "
        "https://go.microsoft.com/fwlink/?linkid=2198766"
    )
    inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": _FILTERED}
    error = {"message": message, "type": None, "param": "prompt", "code": "content_filter", "status": 400}
    return ApiError(400, message, body={"error": error | {"innererror": inner}})
