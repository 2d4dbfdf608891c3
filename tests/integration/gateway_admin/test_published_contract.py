"""What is published of administration is what is sent."""

from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from tests.integration.gateway_admin.desk import PATH, QUEUE, Desk

from gateway.app import openapi_document
from shared import ids


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    return openapi_document()


def check(published: dict[str, Any], path: str, answer: httpx.Response) -> None:
    operation = published["paths"][path][answer.request.method.lower()]
    response = operation["responses"][str(answer.status_code)]
    media_type = answer.headers.get("content-type")
    if media_type:
        schema = response["content"][media_type]["schema"] | {"components": published["components"]}
        Draft202012Validator(schema).validate(answer.json())
    assert operation["security"] == [{"adminToken": []}, {"bearer": []}]


async def test_answers_are_as_published(desk: Desk, published: dict[str, Any]) -> None:
    letter, other = await desk.parked(), await desk.parked()
    one = f"{PATH}/{letter}"
    purge = {"queue": QUEUE, "before": "2026-01-01T00:00:00Z"}

    answers = [
        (f"{PATH}", await desk.call("GET", PATH)),
        (f"{PATH}", await desk.call("GET", f"{PATH}?page=x")),
        (f"{PATH}/{{letter_id}}", await desk.call("GET", one)),
        (f"{PATH}/{{letter_id}}", await desk.call("GET", f"{PATH}/{ids.row_id()}")),
        (f"{PATH}/{{letter_id}}/replay", await desk.call("POST", f"{one}/replay")),
        (f"{PATH}/{{letter_id}}/replay", await desk.call("POST", f"{one}/replay")),
        (f"{PATH}/replay", await desk.call("POST", f"{PATH}/replay", {"ids": [str(other)]})),
        (f"{PATH}/replay", await desk.call("POST", f"{PATH}/replay", [])),
        (f"{PATH}/{{letter_id}}", await desk.call("DELETE", one)),
        (f"{PATH}/{{letter_id}}", await desk.call("GET", one)),
        (f"{PATH}/purge", await desk.call("POST", f"{PATH}/purge", purge)),
        ("/api/v1/admin/audit", await desk.call("GET", "/api/v1/admin/audit")),
        (f"{PATH}", await desk.world.client.get(PATH)),
    ]

    statuses = [answer.status_code for _, answer in answers]
    assert statuses == [200, 422, 200, 404, 202, 409, 202, 422, 204, 200, 200, 200, 401]
    for path, answer in answers:
        check(published, path, answer)
