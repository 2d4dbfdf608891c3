from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import httpx2
import orjson
import pytest
from openai import AsyncOpenAI
from starlette.applications import Starlette

from sandbox.app import create_app
from sandbox.tmdb.store import Store

MOVIE: dict[str, Any] = {
    "id": 603,
    "imdb_id": "tt0133093",
    "title": "The Matrix",
    "original_title": "The Matrix",
    "original_language": "en",
    "release_date": "1999-03-31",
    "runtime": 136,
    "genres": ["Action", "Science Fiction"],
    "tagline": "",
    "overview": "A programmer learns that the world he knows is a simulation and has to decide what to do with the answer.",
    "directors": ["Lana Wachowski", "Lilly Wachowski"],
    "writers": ["Lana Wachowski"],
    "producers": ["Joel Silver"],
    "cast": [["Keanu Reeves", "Neo"], ["Laurence Fishburne", "Morpheus"]],
    "countries": ["US"],
    "collection": {"id": 2344, "name": "The Matrix Collection"},
    "titles": {"pl-PL": "Matrix"},
    "popularity": 85.2,
    "vote_average": 8.2,
    "vote_count": 24000,
}
RELOADED: dict[str, Any] = {
    **MOVIE,
    "id": 604,
    "imdb_id": "tt0234215",
    "title": "The Matrix Reloaded",
    "original_title": "The Matrix Reloaded",
    "release_date": "2003-05-15",
    "titles": {},
    "popularity": 40.0,
}
AMELIE: dict[str, Any] = {
    **MOVIE,
    "id": 194,
    "imdb_id": "tt0211915",
    "title": "Amélie",
    "original_title": "Le Fabuleux Destin d'Amélie Poulain",
    "release_date": "2001-04-25",
    "titles": {"pl-PL": "Amelia"},
    "collection": None,
    "directors": ["Jean-Pierre Jeunet"],
    "genres": ["Comedy", "Romance"],
    "popularity": 30.0,
}
SHOW: dict[str, Any] = {
    "id": 1396,
    "name": "Breaking Bad",
    "original_name": "Breaking Bad",
    "original_language": "en",
    "first_air_date": "2008-01-20",
    "last_air_date": "2013-09-29",
    "number_of_seasons": 5,
    "number_of_episodes": 62,
    "status": "Ended",
    "type": "Scripted",
    "genres": ["Drama", "Crime"],
    "tagline": "",
    "overview": "A chemistry teacher turns to crime and finds out how far he will go for his family and for himself.",
    "created_by": ["Vince Gilligan"],
    "executive_producers": ["Mark Johnson"],
    "cast": [["Bryan Cranston", "Walter White"]],
    "networks": ["AMC"],
    "countries": ["US"],
    "titles": {},
    "popularity": 300.1,
    "vote_average": 8.9,
    "vote_count": 15000,
}
PEOPLE: dict[str, dict[str, Any]] = {
    "Keanu Reeves": {
        "id": 6384,
        "birthday": "1964-09-02",
        "deathday": None,
        "place_of_birth": "Beirut, Lebanon",
        "gender": 2,
        "department": "Acting",
        "biography": "A Canadian actor known for action films and for a quiet manner in front of and behind the camera.",
        "also_known_as": ["キアヌ・リーブス"],
    }
}


@pytest.fixture
def store() -> Store:
    return Store([MOVIE, RELOADED, AMELIE], [SHOW], PEOPLE)


@pytest.fixture
def app(store: Store) -> Starlette:
    return create_app(store, drip_interval_s=0.0)


@pytest.fixture
async def client(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    headers = {"authorization": "Bearer sk-test"}
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox", headers=headers) as client:
        yield client


@pytest.fixture
async def sdk_http(app: Starlette) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app)) as http:
        yield http


@pytest.fixture
def sdk(sdk_http: httpx2.AsyncClient) -> AsyncOpenAI:
    return AsyncOpenAI(base_url="http://sandbox/openai/v1", api_key="sk-test", max_retries=0, http_client=sdk_http)


@pytest.fixture
def facts() -> dict[str, Any]:
    return {
        "title": "The Matrix",
        "original_title": "The Matrix",
        "year": 1999,
        "overview": MOVIE["overview"],
        "genres": ["Action", "Science Fiction"],
        "directors": ["Lana Wachowski", "Lilly Wachowski"],
        "creators": [],
        "cast": [{"name": "Keanu Reeves", "character": "Neo"}, {"name": "Laurence Fishburne", "character": None}],
        "seasons": None,
        "episodes": None,
        "show_type": None,
        "networks": [],
        "runtime_min": 136,
        "birth_date": None,
        "death_date": None,
        "birthplace": None,
        "known_for": [],
    }


@pytest.fixture
def chat(facts: dict[str, Any]) -> Callable[..., dict[str, Any]]:
    def build(**changes: Any) -> dict[str, Any]:
        request: dict[str, Any] = {
            "entity_type": "MOVIE",
            "form": "description",
            "locale": "en-US",
            "context_tag": "DEFAULT",
            "facts": facts,
            "avoid": list[str](),
        } | changes
        schema = {
            "type": "object",
            "properties": {
                "exists": {"type": "boolean"},
                "title": {"type": "string"},
                "year": {"type": ["integer", "null"]},
                "director": {"type": ["string", "null"]},
                "text": {"type": "string"},
            },
            "required": ["exists", "title", "year", "director", "text"],
            "additionalProperties": False,
        }
        return {
            "model": "gpt-4o-mini",
            "temperature": 0.7,
            "max_tokens": 2000,
            "messages": [
                {"role": "system", "content": "You write texts."},
                {"role": "user", "content": f"Write.\n<request>{orjson.dumps(request).decode()}</request>\nThanks."},
            ],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "text", "strict": True, "schema": schema},
            },
        }

    return build


@pytest.fixture
def response_body(chat: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def build(**changes: Any) -> dict[str, Any]:
        body = chat(**changes)
        named = body["response_format"]["json_schema"]
        return {
            "model": body["model"],
            "instructions": body["messages"][0]["content"],
            "input": body["messages"][1]["content"],
            "max_output_tokens": 2000,
            "text": {"format": {"type": "json_schema", **named}},
        }

    return build


@pytest.fixture
def complete(
    client: httpx.AsyncClient, chat: Callable[..., dict[str, Any]]
) -> Callable[..., Awaitable[dict[str, Any]]]:
    async def ask(**changes: Any) -> dict[str, Any]:
        response = await client.post("/openai/v1/chat/completions", json=chat(**changes))
        response.raise_for_status()
        return orjson.loads(response.json()["choices"][0]["message"]["content"])

    return ask


@pytest.fixture
def script(client: httpx.AsyncClient) -> Callable[..., Awaitable[dict[str, Any]]]:
    async def add(provider: str, fault: str, **members: Any) -> dict[str, Any]:
        body = {"provider": provider, "title": "*", "fault": fault, **members}
        response = await client.post("/_sandbox/faults", json=body)
        assert response.status_code == 201, response.text
        return response.json()

    return add
