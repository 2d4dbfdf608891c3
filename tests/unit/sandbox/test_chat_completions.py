from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import orjson
import pytest

Chat = Callable[..., dict[str, Any]]
Complete = Callable[..., Awaitable[dict[str, Any]]]
URL = "/openai/v1/chat/completions"
NOTHING = {"exists": False, "title": "", "year": None, "director": None, "text": ""}


async def test_a_completion_has_the_published_shape_and_headers(client: httpx.AsyncClient, chat: Chat) -> None:
    response = await client.post(URL, json=chat())

    body = response.json()
    assert response.status_code == 200
    assert body["object"] == "chat.completion"
    assert body["id"].startswith("chatcmpl-")
    assert body["model"] == "gpt-4o-mini"
    assert body["system_fingerprint"]
    assert body["choices"][0]["finish_reason"] == "stop"
    assert body["choices"][0]["message"]["refusal"] is None
    assert body["usage"]["total_tokens"] == body["usage"]["prompt_tokens"] + body["usage"]["completion_tokens"]
    assert response.headers["x-request-id"].startswith("req_")
    assert response.headers["x-ratelimit-remaining-requests"]
    assert response.headers["openai-processing-ms"].isdecimal()


async def test_the_same_request_gets_the_same_text(complete: Complete) -> None:
    assert await complete() == await complete()


async def test_the_model_says_what_it_believes_to_write_about(complete: Complete, facts: dict[str, Any]) -> None:
    answer = await complete(locale="pl-PL", facts=facts | {"local_title": "Matrix"})

    assert (answer["exists"], answer["title"], answer["year"]) == (True, "Matrix", 1999)
    assert answer["director"] == "Lana Wachowski, Lilly Wachowski"
    assert "„Matrix”" in answer["text"]


async def test_the_year_of_a_person_is_the_birth_year_and_a_series_has_no_director(
    complete: Complete, facts: dict[str, Any]
) -> None:
    person = await complete(
        entity_type="PERSON", form="bio", facts={"title": "Keanu Reeves", "birth_date": "1964-09-02"}
    )
    series = await complete(entity_type="TV_SERIES", facts=facts)

    assert (person["year"], person["director"]) == (1964, None)
    assert (series["year"], series["director"]) == (1999, None)


async def test_a_schema_of_two_members_gets_two_members(client: httpx.AsyncClient, chat: Chat) -> None:
    body = chat()
    schema = body["response_format"]["json_schema"]["schema"]
    schema["properties"] = {name: schema["properties"][name] for name in ("exists", "text")}
    schema["required"] = ["exists", "text"]

    response = await client.post(URL, json=body)

    assert orjson.loads(response.json()["choices"][0]["message"]["content"]).keys() == {"exists", "text"}


@pytest.mark.parametrize("format_", [{"type": "json_object"}, {"type": "text"}], ids=["object", "text"])
async def test_a_prompt_that_asks_for_json_gets_it_without_a_schema(
    client: httpx.AsyncClient, chat: Chat, complete: Complete, format_: dict[str, str]
) -> None:
    whole = await complete()
    body = chat()
    body["response_format"] = format_
    body["messages"][0]["content"] += " Answer with a JSON object."

    response = await client.post(URL, json=body)

    assert orjson.loads(response.json()["choices"][0]["message"]["content"]).keys() == whole.keys()


async def test_a_repair_call_gets_another_text(client: httpx.AsyncClient, chat: Chat) -> None:
    first = chat()
    repair = chat()
    repair["messages"].append({"role": "user", "content": '<problems>["too dull"]</problems>'})

    answers = [
        (await client.post(URL, json=body)).json()["choices"][0]["message"]["content"] for body in (first, repair)
    ]

    assert answers[0] != answers[1]


@pytest.mark.parametrize("facts", [None, {}, {"title": None}, {"title": "  "}])
async def test_nothing_is_written_about_an_entity_without_facts(complete: Complete, facts: object) -> None:
    assert await complete(facts=facts) == NOTHING


async def test_a_prompt_without_a_request_line_gets_an_answer_that_fits_the_schema(
    client: httpx.AsyncClient, chat: Chat
) -> None:
    body = chat()
    body["messages"] = [{"role": "user", "content": "Hello"}]
    schema: dict[str, Any] = {"type": "object", "required": ["answer", "score", "tags"], "additionalProperties": False}
    schema["properties"] = {"answer": {"type": "string"}, "score": {"type": "integer"}, "tags": {"type": "array"}}
    body["response_format"]["json_schema"]["schema"] = schema

    response = await client.post(URL, json=body)

    content = orjson.loads(response.json()["choices"][0]["message"]["content"])
    assert isinstance(content["answer"], str)
    assert content["score"] == 0
    assert content["tags"] == []


async def test_text_format_gives_plain_prose(client: httpx.AsyncClient, chat: Chat) -> None:
    body = chat() | {"response_format": {"type": "text"}}

    response = await client.post(URL, json=body)

    assert "The Matrix" in response.json()["choices"][0]["message"]["content"]
    assert not response.json()["choices"][0]["message"]["content"].startswith("{")


async def test_the_token_limit_cuts_the_answer(client: httpx.AsyncClient, chat: Chat) -> None:
    response = await client.post(URL, json=chat() | {"max_tokens": 10})

    assert response.json()["choices"][0]["finish_reason"] == "length"
    assert response.json()["usage"]["completion_tokens"] == 10


async def test_a_stream_carries_the_same_text_and_ends_with_done(client: httpx.AsyncClient, chat: Chat) -> None:
    whole = (await client.post(URL, json=chat())).json()["choices"][0]["message"]["content"]

    response = await client.post(URL, json=chat() | {"stream": True, "stream_options": {"include_usage": True}})

    lines = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line]
    chunks = [orjson.loads(line) for line in lines[:-1]]
    assert response.headers["content-type"].startswith("text/event-stream")
    assert lines[-1] == "[DONE]"
    assert "".join(c["choices"][0]["delta"].get("content", "") for c in chunks if c["choices"]) == whole
    assert chunks[-1]["usage"]["total_tokens"] > 0


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"model": "gpt-unknown"}, 404, "model_not_found"),
        ({"messages": []}, 400, "invalid_type"),
        ({"messages": "hello"}, 400, "invalid_type"),
        ({"messages": [{"role": "robot", "content": "x"}]}, 400, "invalid_value"),
        ({"messages": [{"role": "user", "content": 5}]}, 400, "invalid_type"),
        ({"temperature": 3}, 400, "invalid_value"),
        ({"temperature": "hot"}, 400, "invalid_value"),
        ({"max_tokens": 0}, 400, "integer_below_min_value"),
        ({"n": 2}, 400, "invalid_value"),
        ({"response_format": {"type": "xml"}}, 400, "invalid_value"),
        ({"response_format": {"type": "json_object"}}, 400, None),
        ({"response_format": {"type": "json_schema"}}, 400, "missing_required_parameter"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "x", "strict": True}}}, 400, None),
        ({"model": "o3-mini"}, 400, "unsupported_parameter"),
    ],
)
async def test_a_bad_request_is_refused_in_the_published_shape(
    client: httpx.AsyncClient, chat: Chat, change: dict[str, Any], status: int, code: str | None
) -> None:
    response = await client.post(URL, json=chat() | change)

    error = response.json()["error"]
    assert response.status_code == status
    assert error["type"] == "invalid_request_error"
    assert error["code"] == code
    assert error["message"]
    assert "param" in error


@pytest.mark.parametrize("body", [b"{", b"[]", b"", b'{"model": "gpt-4o-mini"}'])
async def test_a_body_that_is_no_chat_request_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    response = await client.post(URL, content=body)

    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"


async def test_a_body_above_one_mebibyte_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.post(URL, content=b" " * (1024 * 1024 + 1))

    assert response.status_code == 413


@pytest.mark.parametrize(
    ("header", "code"), [("", None), ("Bearer ", None), ("Basic x", None), ("Bearer sk-invalid", "invalid_api_key")]
)
async def test_a_call_without_a_valid_key_is_refused(
    client: httpx.AsyncClient, chat: Chat, header: str, code: str | None
) -> None:
    response = await client.post(URL, json=chat(), headers={"authorization": header})

    assert response.status_code == 401
    assert response.json()["error"]["code"] == code


async def test_models_are_listed_and_found(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/openai/v1/models")).json()
    one = await client.get("/openai/v1/models/gpt-4o-mini")
    unknown = await client.get("/openai/v1/models/gpt-unknown")

    assert "gpt-4o-mini" in [model["id"] for model in listed["data"]]
    assert one.json()["object"] == "model"
    assert unknown.status_code == 404
    assert unknown.json()["error"]["code"] == "model_not_found"
